#include "net/egress.hpp"

#include <gtest/gtest.h>

namespace patchbay::net {
namespace {

TEST(ParseUrl, TakesAnAddressApart) {
  const auto url = parse_url("HTTPS://Api.Example.org:8443/a%2fb/../c?x=1&y=%20#part");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->scheme, "https");
  EXPECT_EQ(url->host, "api.example.org");
  EXPECT_EQ(url->port, 8443);
  EXPECT_EQ(url->target, "/a%2fb/../c?x=1&y=%20");
}

TEST(ParseUrl, FillsInPortAndPath) {
  EXPECT_EQ(parse_url("https://a.example")->port, 443);
  EXPECT_EQ(parse_url("http://a.example")->port, 80);
  EXPECT_EQ(parse_url("http://a.example")->target, "/");
  EXPECT_EQ(parse_url("http://a.example?q=1")->target, "/?q=1");
}

TEST(ParseUrl, ReadsIpv6InBrackets) {
  const auto url = parse_url("https://[2606:4700::1111]:444/");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host, "2606:4700::1111");
  EXPECT_EQ(url->port, 444);
}

TEST(ParseUrl, RefusesWhatHidesAHost) {
  for (const char* text : {"",
                           "a.example",
                           "//a.example/",
                           "ftp://a.example/",
                           "https:a.example",
                           "https:///x",
                           "https://",
                           "https://user@a.example/",
                           "https://user:pass@a.example/",
                           "https://a.example:/",
                           "https://a.example:0/",
                           "https://a.example:65536/",
                           "https://a.example:8x/",
                           "https://a.example\\@b.example/",
                           "https://a.exa mple/",
                           "https://a.example/\r\nX: y",
                           "https://a%2eexample/",
                           "https://.a.example/",
                           "https://a.example./",
                           "https://a..example/",
                           "https://[::1/",
                           "https://[::1]x/",
                           "https://[1.2.3.4]/",
                           "https://[fe80::1%25eth0]/",
                           "https://\xd0\xb0.example/",
                           "https://1.2.3.4.5/",
                           "https://0x7f.0.0.1/",
                           "https://2130706433/",
                           "https://a.example\x7f/",
                           "javascript://a.example/",
                           "https://a.0x7f/"}) {
    EXPECT_FALSE(parse_url(text)) << text;
  }
}

TEST(RefuseUrl, AllowsDeclaredHostsOverHttps) {  // OPS-13
  EgressRule rule;
  rule.hosts = {"Api.example.org", "*.files.example.org"};
  EXPECT_FALSE(refuse_url(rule, *parse_url("https://api.example.org/x")));
  EXPECT_FALSE(refuse_url(rule, *parse_url("https://a.b.files.example.org/x")));
  EXPECT_EQ(refuse_url(rule, *parse_url("https://files.example.org/x")), "net.host_not_declared");
  EXPECT_EQ(refuse_url(rule, *parse_url("https://evilapi.example.org/x")), "net.host_not_declared");
  EXPECT_EQ(refuse_url(rule, *parse_url("http://api.example.org/x")), "net.plain_http_refused");
}

TEST(RefuseUrl, RefusesLocalNamesAndPrivateLiterals) {
  const EgressRule rule;
  for (const char* text :
       {"https://localhost/", "https://a.localhost/", "https://intranet/", "https://127.0.0.1/",
        "https://[::1]/", "https://[::ffff:10.0.0.1]/", "https://169.254.169.254/"}) {
    EXPECT_EQ(refuse_url(rule, *parse_url(text)), "net.private_address") << text;
  }
}

TEST(RefuseUrl, LetsAnAdministratorOpenHostAndPort) {  // OPS-15
  EgressRule rule;
  rule.opened = {"127.0.0.1:19000", "[::1]:19000", "crm.intranet:80"};
  EXPECT_FALSE(refuse_url(rule, *parse_url("http://127.0.0.1:19000/x")));
  EXPECT_FALSE(refuse_url(rule, *parse_url("http://[::1]:19000/x")));
  EXPECT_FALSE(refuse_url(rule, *parse_url("http://CRM.intranet/x")));
  EXPECT_TRUE(refuse_url(rule, *parse_url("http://127.0.0.1:19001/x")));
  EXPECT_TRUE(refuse_url(rule, *parse_url("http://127.0.0.2:19000/x")));
}

TEST(RefuseUrl, DoesNotLetAnOpenedAddressPassTheDeclaration) {  // SDK-4
  EgressRule rule;
  rule.hosts = {"api.example.org"};
  rule.opened = {"127.0.0.1:19000"};
  EXPECT_EQ(refuse_url(rule, *parse_url("http://127.0.0.1:19000/x")), "net.host_not_declared");
}

EgressRule opened(std::vector<std::string> entries) {
  EgressRule rule;
  rule.opened = std::move(entries);
  return rule;
}

TEST(OpenedRange, HoldsTheAddressesOfItsNetworkAndNoOthers) {  // OPS-15
  const auto rule = opened({"10.1.0.0/16", "[fd00:1::]/32", "192.168.7.9/32", "172.16.0.0/13"});
  for (const char* in :
       {"10.1.0.0", "10.1.255.255", "fd00:1::5", "192.168.7.9", "172.16.0.1", "172.23.255.255"})
    EXPECT_TRUE(is_in_opened_range(rule, in, 443)) << in;
  for (const char* out : {"10.2.0.0", "10.0.255.255", "fd00:2::5", "192.168.7.8", "172.24.0.0", "127.0.0.1",
                          "::1", "", "169.254.169.254", "::ffff:10.1.0.1", "name.example"})
    EXPECT_FALSE(is_in_opened_range(rule, out, 443)) << out;
}

TEST(OpenedRange, MayNameAPort) {
  const auto rule = opened({"10.1.0.0/16:8443", "[fd00::]/8:25"});
  EXPECT_TRUE(is_in_opened_range(rule, "10.1.2.3", 8443));
  EXPECT_FALSE(is_in_opened_range(rule, "10.1.2.3", 443));
  EXPECT_TRUE(is_in_opened_range(rule, "fd12::1", 25));
  EXPECT_FALSE(is_in_opened_range(rule, "fd12::1", 26));
}

TEST(OpenedRange, OpensUrlsThatHoldTheAddressAndLeavesNamesToTheConnection) {
  const auto rule = opened({"10.1.0.0/16"});
  EXPECT_EQ(refuse_url(rule, *parse_url("http://10.1.2.3/x")), std::nullopt);
  EXPECT_EQ(refuse_url(rule, *parse_url("https://10.2.2.3/x")), "net.private_address");
  EXPECT_EQ(refuse_url(rule, *parse_url("https://intern.example/x")), std::nullopt);
  EXPECT_EQ(refuse_url(rule, *parse_url("http://intern.example/x")), "net.plain_http_refused");
}

TEST(OpenedRange, WhatCannotBeUnderstoodOpensNothing) {
  for (const char* good : {"a.example:443", "10.0.0.0/8", "[fd00::]/8:443", "0.0.0.0/0", "[::1]:80"})
    EXPECT_TRUE(is_opening(good)) << good;
  for (const char* bad :
       {"", "a.example", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/", "10.0.0.0/8:", "10.0.0.0/8:0", "fd00::/8",
        "[10.0.0.0]/8", "[fd00::]/129", "10.0.0.0/-1", "10.0.0.0/8x", "999.0.0.0/8"}) {
    EXPECT_FALSE(is_opening(bad)) << bad;
    EXPECT_FALSE(is_in_opened_range(opened({bad}), "10.0.0.1", 443)) << bad;
  }
}

}  // namespace
}  // namespace patchbay::net
