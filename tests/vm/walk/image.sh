# A machine without Latchkey, and a factory-new token. apt would read for minutes what there is on the network, which
# this machine has not.
rm -rf /var/lib/apt/lists/*
start_emulator
emulator create stick --piv
