# cmake -DIN=file -DOUT=file -DFROM=text -DTO=text -P plant.cmake: copies IN to OUT with FROM, which stands there
# exactly once, replaced by TO.
file(READ ${IN} text)
string(REPLACE "${FROM}" "" without "${text}")
string(LENGTH "${text}" before)
string(LENGTH "${without}" after)
string(LENGTH "${FROM}" length)
math(EXPR removed "${before} - ${after}")
if(NOT removed EQUAL length)
  message(FATAL_ERROR "${IN} does not say exactly once: ${FROM}")
endif()
string(REPLACE "${FROM}" "${TO}" text "${text}")
file(WRITE ${OUT} "${text}")
