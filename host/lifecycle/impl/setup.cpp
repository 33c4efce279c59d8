// Setting up step by step: drafts, choices of the remote side, steps that the plugin leads through (SETUP-1,
// SETUP-3). Everything is in the store between two requests.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/trace.hpp"
#include "lifecycle/impl/listening.hpp"
#include "lifecycle/impl/messages.hpp"
#include "lifecycle/impl/shared.hpp"
#include "lifecycle/lifecycle.hpp"
#include "plugin/settings.hpp"
#include "schema/schema.hpp"
#include "schema/vocabulary.hpp"

namespace patchbay::lifecycle {

namespace asio = boost::asio;
using plugin::Integration;
using plugin::State;

namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr Duration kAskLimit = 30s;
constexpr const char* kSetup = "pb.setup/1";
constexpr std::size_t kMostChoices = 10'000;
constexpr std::size_t kMostMade = 1000;

std::string text_at(const json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && found != object.end() && found->is_string() ? found->get<std::string>()
                                                                           : std::string();
}

json member(const json& object, const char* key, json otherwise) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && found != object.end() ? *found : otherwise;
}

Error bad_answer(const plugin::Manifest& manifest, const char* verb) {
  return Error(Code::invalid, Text("lifecycle.bad_answer", {{"plugin", manifest.title}, {"verb", verb}}));
}

port::Call call_of(const char* verb, const json& request) {
  return port::Call(std::string(kSetup) + ":" + verb, port::Message(request.dump()),
                    Trace::make().traceparent(), kAskLimit);
}

// What stands in the table: {"next": the plugin's step, "state": its own}.
json setup_of(const Integration& draft) {
  auto setup = json::parse(draft.setup.empty() ? "{}" : draft.setup, nullptr, false);
  return setup.is_object() ? setup : json::object();
}

// One of what a finished set-up makes.
struct Made {
  Integration integration;
  std::map<std::string, std::string> secrets;
};

// A form that the plugin sent, checked as that of a manifest is.
std::string checked_form(const json& next) {
  const auto form = member(next, "schema", json());
  if (!form.is_object() || form.empty()) return {};
  schema::Schema::compile(form, "the step's schema");
  schema::check_vocabulary(form, "the step's schema");
  return form.dump();
}

SetupStep shown(const plugin::Manifest& manifest, const json& next, const std::string& language) {
  SetupStep step;
  step.id = text_at(next, "id");
  step.title = text_at(next, "title");
  step.description = text_at(next, "description");
  step.sign_in = text_at(next, "sign_in");
  step.schema = checked_form(next);
  const auto words = manifest.locales.find(language);
  if (words == manifest.locales.end()) return step;
  const auto prefix = "step." + step.id;
  if (!step.schema.empty())
    step.schema = schema::translated(json::parse(step.schema), prefix, words->second).dump();
  if (const auto title = words->second.find(prefix + ".title"); title != words->second.end())
    step.title = title->second;
  if (const auto about = words->second.find(prefix + ".description"); about != words->second.end())
    step.description = about->second;
  return step;
}

plugin::Form form_of(const plugin::Manifest& manifest, const json& next) {
  return {checked_form(next), text_at(next, "title"), manifest.secrets, "setting:", "step"};
}

}  // namespace

asio::awaitable<port::Result> Lifecycle::ask(Integration integration, ManifestPtr manifest, port::Call call) {
  const auto id = integration.id;
  if (parts_.catalogue.is_disabled(manifest->id))
    throw Error(Code::invalid, Text("plugin.disabled", {{"plugin", manifest->id}}));
  const bool runs_here = plugin::is_connected(integration.state) && owns(id);
  std::exception_ptr failed;
  port::Result result;
  try {
    if (!runs_here) {
      integration = co_await adapted(std::move(integration), manifest);
      auto spec = co_await spec_of(integration, manifest, false);
      co_await parts_.runner.run(std::move(spec));
    }
    result = co_await parts_.caller.call(id, std::move(call));
  } catch (const Error&) {
    failed = std::current_exception();
  }
  if (!runs_here) co_await parts_.runner.halt(id);
  if (failed) std::rethrow_exception(failed);
  co_return result;
}

// Nothing is missing: a draft becomes an integration. Throws Error{invalid} with what it lacks.
asio::awaitable<void> Lifecycle::complete(Integration& draft, ManifestPtr manifest) {
  const auto secrets = co_await secrets_of(draft.id);
  plugin::split_settings(plugin::setup_form(*manifest), draft.settings, secrets);
  draft.state = State::inactive;
  auto work = [this, draft, manifest](store::Session& session) mutable {
    const auto used = plugin::used_grants(session, draft.id);
    require_shared(session, parts_.vault, *manifest, false, used, draft.profile);
    table_.set_settings(session, draft);
    table_.set_setup(session, draft.id, "", draft.updated_at);
    table_.set_state(session, draft);
    return draft;
  };
  draft = co_await parts_.store.write(std::move(work));
}

asio::awaitable<Integration> Lifecycle::finish(Id id) {
  const auto held = co_await hold(id);
  auto integration = co_await load(id);
  if (integration.state != State::draft) co_return integration;
  const auto manifest = manifest_of(integration);
  integration = co_await adapted(std::move(integration), manifest);
  co_await complete(integration, manifest);
  co_return integration;
}

asio::awaitable<void> Lifecycle::remove(Id id, store::Actor who,
                                        std::optional<std::int64_t> untouched_since) {
  const auto held = co_await hold(id);
  const auto integration = co_await load(id);
  if (integration.state != State::draft || (untouched_since && integration.updated_at >= *untouched_since))
    throw Error(Code::conflict, Text("lifecycle.not_a_draft", {{"name", integration.name}}));
  const json was = {{"old", {{"plugin", integration.plugin}, {"name", integration.name}}}};
  auto work = [this, id, audit = entry(id, who, "integration.remove", was.dump())](store::Session& session) {
    parts_.vault.remove_all(session, "integration", id);
    table_.remove(session, id);
    store::write_audit(session, audit);
  };
  co_await parts_.store.write(std::move(work));
}

asio::awaitable<std::vector<Choice>> Lifecycle::choices(Id id, std::string pointer) {
  const auto held = co_await hold(id);
  const auto integration = co_await load(id);
  const auto manifest = manifest_of(integration);
  if (!offers(*manifest, kSetup))
    throw Error(Code::unsupported, Text("lifecycle.no_choices", {{"plugin", manifest->title}}));
  const json request = {{"path", pointer}, {"settings", json::parse(integration.settings)}};
  auto call = call_of("choices", request);
  const auto result = co_await ask(integration, manifest, std::move(call));
  if (!result.ok()) throw as_refusal(error_of(*manifest, result));
  const auto answer = json::parse(result.message.json, nullptr, false);
  const auto all = member(answer, "choices", json());
  if (!all.is_array() || all.size() > kMostChoices) throw bad_answer(*manifest, "choices");
  std::vector<Choice> out;
  for (const auto& each : all) {
    if (!each.is_object() || !each.contains("value")) throw bad_answer(*manifest, "choices");
    const auto value = each.at("value").dump(-1, ' ', false, json::error_handler_t::replace);
    auto title = text_at(each, "title");
    if (title.empty()) title = value;
    out.push_back({value, std::move(title)});
  }
  co_return out;
}

asio::awaitable<Advanced> Lifecycle::step(Id id, std::string language, store::Actor who) {
  const auto held = co_await hold(id);
  const auto draft = co_await load(id);
  const auto manifest = manifest_of(draft);
  if (draft.state != State::draft || !manifest->has_steps)
    throw Error(Code::conflict, Text("lifecycle.no_steps", {{"name", draft.name}}));
  const auto setup = setup_of(draft);
  if (!setup.contains("next")) co_return co_await ask_step(draft, "{}", std::move(language), std::move(who));
  Advanced out;
  out.next = shown(*manifest, setup.at("next"), language);
  co_return out;
}

asio::awaitable<Advanced> Lifecycle::advance(Id id, std::string step, std::string input, std::string language,
                                             store::Actor who) {
  const auto held = co_await hold(id);
  const auto draft = co_await load(id);
  const auto manifest = manifest_of(draft);
  const auto setup = setup_of(draft);
  if (draft.state != State::draft || !setup.contains("next"))
    throw Error(Code::conflict, Text("lifecycle.no_steps", {{"name", draft.name}}));
  const auto& next = setup.at("next");
  if (!step.empty() && step != text_at(next, "id"))
    throw Error(Code::conflict, Text("lifecycle.other_step", {{"step", text_at(next, "title")}}));
  // Secrets go to the vault; the plugin gets the rest.
  const auto read = co_await read_secrets(id);
  auto split = plugin::split_settings(form_of(*manifest, next), input, read.values);
  if (!split.secrets.empty()) {
    auto all = read.values;
    for (auto& [name, value] : split.secrets) all[name] = std::move(value);
    co_await store_settings(draft, read.values, std::move(all));
  }
  if (const auto name = text_at(next, "sign_in"); !name.empty()) {
    auto find = [id](store::Session& session) { return plugin::used_grants(session, id); };
    const auto used = co_await parts_.store.read(std::move(find));
    const bool signed_in =
        std::any_of(used.begin(), used.end(), [&](const auto& each) { return each.name == name; });
    if (!signed_in) throw Error(Code::invalid, Text("plugin.not_signed_in", {{"grant", name}}));
  }
  co_return co_await ask_step(draft, split.settings, std::move(language), std::move(who));
}

// The plugin says what comes next, or that all is known.
asio::awaitable<Advanced> Lifecycle::ask_step(Integration draft, std::string input, std::string language,
                                              store::Actor who) {
  const auto manifest = manifest_of(draft);
  const auto setup = setup_of(draft);
  json request = {{"step", text_at(member(setup, "next", json()), "id")},
                  {"settings", json::parse(draft.settings)}};
  request["input"] = json::parse(input);
  request["state"] = member(setup, "state", json());
  auto call = call_of("step", request);
  const auto result = co_await ask(draft, manifest, std::move(call));
  if (!result.ok()) throw as_refusal(error_of(*manifest, result));
  const auto answer = json::parse(result.message.json, nullptr, false);
  if (answer.is_object() && answer.contains("done"))
    co_return co_await make_all(std::move(draft), manifest, answer.at("done").dump(), std::move(who));
  const auto next = member(answer, "next", json());
  if (text_at(next, "id").empty()) throw bad_answer(*manifest, "step");
  Advanced out;
  out.next = shown(*manifest, next, language);
  if (!out.next->sign_in.empty() && !manifest->grants.contains(out.next->sign_in))
    throw bad_answer(*manifest, "step");
  json kept = {{"next", next}};
  kept["state"] = member(answer, "state", json());
  auto work = [this, id = draft.id, now = parts_.clock.now().time_since_epoch().count(),
               text = kept.dump(-1, ' ', false, json::error_handler_t::replace)](store::Session& session) {
    table_.set_setup(session, id, text, now);
  };
  co_await parts_.store.write(std::move(work));
  co_return out;
}

// One transaction: all of them, or the draft stays where it is.
asio::awaitable<Advanced> Lifecycle::make_all(Integration draft, ManifestPtr manifest, std::string done,
                                              store::Actor who) {
  const auto list = json::parse(done);
  if (!list.is_array() || list.empty() || list.size() > kMostMade) throw bad_answer(*manifest, "step");
  const auto kept = co_await secrets_of(draft.id);
  const auto now = parts_.clock.now().time_since_epoch().count();
  std::vector<Made> all;
  for (const auto& each : list) {
    Made made;
    made.integration = draft;
    made.integration.state = State::inactive;
    made.integration.version = manifest->version;
    made.integration.setup_version = manifest->setup_version;
    made.integration.setup.clear();
    made.integration.created_at = made.integration.updated_at = now;
    if (const auto name = text_at(each, "name"); !name.empty()) made.integration.name = name;
    made.integration.identity = text_at(each, "identity");
    auto settings = member(each, "settings", json::object());
    const auto secrets = member(each, "secrets", json::object());
    for (const auto& secret : secrets.items()) {
      if (secret.value().is_string()) made.secrets[secret.key()] = secret.value().get<std::string>();
    }
    for (const auto& [name, value] : kept) made.secrets.emplace(name, value);
    plugin::SplitSettings split;
    try {
      split = plugin::split_settings(plugin::setup_form(*manifest), settings.dump(), made.secrets);
    } catch (const Error&) {
      throw bad_answer(*manifest, "step");  // its findings would point into what nobody has typed
    }
    for (auto& [name, value] : split.secrets) made.secrets[name] = std::move(value);
    plugin::generate_missing(manifest->secrets, made.secrets);
    made.integration.settings = split.settings;
    all.push_back(std::move(made));
  }
  for (const auto& made : all) {
    for (const auto& [name, value] : made.secrets) parts_.redactor.add(value);
  }
  auto work = [this, all, draft, manifest, who](store::Session& session) {
    Advanced out;
    const auto used = plugin::used_grants(session, draft.id);
    auto profile = draft.profile;
    require_shared(session, parts_.vault, *manifest, false, used, profile);
    bool draft_used = false;
    for (auto made : all) {
      auto& integration = made.integration;
      const auto holder = integration.identity.empty()
                              ? std::nullopt
                              : table_.holder(session, integration.plugin, integration.identity);
      if (holder) {
        out.known.push_back(holder->name);
        continue;
      }
      integration.profile = profile;
      if (draft_used) {
        integration.id = parts_.ids.next();
        table_.insert(session, integration);
        plugin::set_grants(session, integration.id, used);
      } else {
        table_.set_settings(session, integration);
        table_.set_state(session, integration);
        table_.set_setup(session, integration.id, "", integration.updated_at);
        draft_used = true;
      }
      for (const auto& [name, value] : made.secrets)
        parts_.vault.put(session, vault::SecretName("integration", integration.id, name), value);
      const json made_now = {{"new", {{"plugin", integration.plugin}, {"name", integration.name}}}};
      store::write_audit(session, entry(integration.id, who, "integration.set_up", made_now.dump()));
      out.made.push_back(integration);
    }
    if (!draft_used) {
      parts_.vault.remove_all(session, "integration", draft.id);
      table_.remove(session, draft.id);
    }
    return out;
  };
  co_return co_await parts_.store.write(std::move(work));
}

asio::awaitable<void> Lifecycle::reconfigure(Id id) {
  State state = State::draft;
  {
    const auto held = co_await hold(id);
    auto integration = co_await load(id);
    state = integration.state;
    if (!plugin::is_connected(state)) co_return;
    auto tell = [this, id](store::Session& session) { table_.touch(session, id, parts_.peers.me()); };
    co_await parts_.store.write(std::move(tell));
    if (state != State::sign_in_again) co_await bring_back(std::move(integration));
  }
  // What waited for somebody to sign in is connected again.
  if (state == State::sign_in_again) co_await activate(id, false, "host");
  co_await parts_.peers.settle();
}

}  // namespace patchbay::lifecycle
