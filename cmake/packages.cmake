# Debian packages of what the rooms install: `tools/dev package`.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME latchkey)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "Latchkey maintainers <maintainers@users.noreply.h-seed-cd281888.example>")
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/package)
set(CPACK_PACKAGING_INSTALL_PREFIX /)
set(CPACK_COMPONENTS_ALL latchkey-agent latchkey-vendor liblatchkey-client1 latchkey-client-dev)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")

set(scripts ${PROJECT_SOURCE_DIR}/tools/package)

set(CPACK_DEBIAN_LATCHKEY-AGENT_PACKAGE_NAME latchkey-agent)
set(CPACK_COMPONENT_LATCHKEY-AGENT_DESCRIPTION "USB-key licensing agent and its command line
Grants licensed capacity by signed licenses on USB keys or in files, on one
management node or two; serves products on a Unix socket and, when
configured, over the network.")
# systemd: the user, the state directory and the DMI values come from it. udev: it opens the keys to the agent.
set(CPACK_DEBIAN_LATCHKEY-AGENT_PACKAGE_DEPENDS "init-system-helpers (>= 1.54), systemd, udev")
set(CPACK_DEBIAN_LATCHKEY-AGENT_PACKAGE_SUGGESTS "pcscd, keepalived, latchkey-vendor")
set(CPACK_DEBIAN_LATCHKEY-AGENT_PACKAGE_CONTROL_EXTRA
  ${scripts}/agent/conffiles ${scripts}/agent/postinst ${scripts}/agent/prerm ${scripts}/agent/postrm)

set(CPACK_DEBIAN_LATCHKEY-VENDOR_PACKAGE_NAME latchkey-vendor)
set(CPACK_COMPONENT_LATCHKEY-VENDOR_DESCRIPTION "issue licenses for Latchkey agents
Makes root and issuing keys, signs trust bundles and licenses, makes license
keys of PIV tokens and puts licenses on them.")
set(CPACK_DEBIAN_LATCHKEY-VENDOR_PACKAGE_SUGGESTS "pcscd, softhsm2")

set(CPACK_DEBIAN_LIBLATCHKEY-CLIENT1_PACKAGE_NAME liblatchkey-client1)
set(CPACK_DEBIAN_LIBLATCHKEY-CLIENT1_PACKAGE_SECTION libs)
# Debian's way to have ldconfig run; CPack calls it as well.
set(CPACK_DEBIAN_LIBLATCHKEY-CLIENT1_PACKAGE_CONTROL_EXTRA ${scripts}/library/triggers)
set(CPACK_COMPONENT_LIBLATCHKEY-CLIENT1_DESCRIPTION "hold licensed capacity from a Latchkey agent
For products: states what is used, keeps the lease alive, goes to the next
server when one fails.")

set(CPACK_DEBIAN_LATCHKEY-CLIENT-DEV_PACKAGE_NAME latchkey-client-dev)
set(CPACK_DEBIAN_LATCHKEY-CLIENT-DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_LATCHKEY-CLIENT-DEV_PACKAGE_DEPENDS "liblatchkey-client1 (= ${PROJECT_VERSION})")
set(CPACK_COMPONENT_LATCHKEY-CLIENT-DEV_DESCRIPTION "hold licensed capacity from a Latchkey agent: header and example
What it takes to build a product with liblatchkey-client.")

latchkey_documents(latchkey-agent docs/first-hour.md docs/procedures.md docs/operations.md docs/integration.md docs/cli.md docs/catalog.md docs/real-hardware.md
  docs/threat-model.md docs/api.yaml)
latchkey_documents(latchkey-vendor docs/first-hour.md docs/vendor.md docs/catalog.md docs/protocol-piv.md docs/real-hardware.md)
latchkey_documents(liblatchkey-client1)
latchkey_documents(latchkey-client-dev docs/integration.md docs/api.yaml)
install(DIRECTORY docs/prometheus DESTINATION usr/share/latchkey COMPONENT latchkey-agent)
include(CPack)
