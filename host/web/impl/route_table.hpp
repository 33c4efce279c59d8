#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schema/schema.hpp"
#include "web/router.hpp"

namespace patchbay::web {

struct Router::Route {
  Route(Operation o, Verb v, std::string p, Handler h, Doc d)
      : operation(o), verb(v), path(std::move(p)), handler(std::move(h)), doc(std::move(d)) {}

  Operation operation;
  Verb verb;
  std::string path;
  Handler handler;
  Doc doc;
  std::vector<std::string> segments;  // "{id}" stands for any one
  std::vector<std::string> query_names;
  std::map<std::string, schema::Schema> query_checks;  // of values, by name
  std::optional<schema::Schema> body_schema;
};

struct Router::Table {
  // A route, its path parameters, and what other verbs the path knows.
  struct Match {
    const Route* route = nullptr;
    Call::Fields params;
    std::string allowed;
  };
  // Throws StatusError 404 or 405, 400 for a path that cannot be decoded.
  Match find(std::string_view method, std::string_view path) const;
  // Whether any verb is known there.
  bool knows(std::string_view path) const;
  Application* mounted(std::string_view path) const;

  SiteAddress site;
  std::vector<Route> routes;
  std::vector<std::pair<std::string, Application*>> mounts;
  Application* rest = nullptr;
  std::map<std::string, std::string> components;
};

// The path without the base path ("/app"), where it carries it.
std::string_view strip_base(std::string_view path, std::string_view base_path);
// Segments between slashes, still encoded.
std::vector<std::string_view> split_path(std::string_view path);
// Decodes %XX; nothing for a broken sequence or a NUL.
std::optional<std::string> percent_decode(std::string_view text);

}  // namespace patchbay::web
