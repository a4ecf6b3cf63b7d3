# Serving: the relay, the member's proxy. Boost for its headers only, which are slow: few sources see them.
find_package(OpenSSL REQUIRED)
find_path(BLINDLEND_BOOST boost/beast/http.hpp REQUIRED)
add_library(blindlend_http STATIC http/url.cc http/lock.cc http/wire.cc http/serve.cc
            http/relay.cc http/proxy.cc http/issue.cc)
target_include_directories(blindlend_http SYSTEM PRIVATE ${BLINDLEND_BOOST})
target_link_libraries(blindlend_http PUBLIC blindlend_binding blindlend_store
                      PRIVATE OpenSSL::SSL OpenSSL::Crypto nlohmann_json::nlohmann_json)
