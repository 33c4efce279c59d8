#include "domain/records/objects.hpp"

#include "domain/records/phone.hpp"
#include "unit/domain/records_world.hpp"

namespace patchbay::domain::records {
namespace {

using nlohmann::json;
using Names = std::vector<std::string>;

class ObjectsTest : public RecordsWorld {
 protected:
  static json title(const char* english, const char* russian) { return {{"en", english}, {"ru", russian}}; }
  Object change(const std::string& code, json wanted) {
    return wait(objects.change_object(code, std::move(wanted), {}, "user:root"));
  }
};

PB_ON_BOTH_DATABASES(ObjectsTest);

TEST_P(ObjectsTest, those_of_the_product_are_there_in_both_languages) {  // REC-1
  std::set<std::string> codes;
  for (const auto& object : wait(objects.objects())) {
    codes.insert(object.code);
    EXPECT_EQ(object.title.size(), 2U) << object.code;
    for (const auto& field : object.fields) EXPECT_NE(field.id, 0) << object.code << "." << field.code;
  }
  EXPECT_EQ(codes, (std::set<std::string>{"account", "activity", "case", "contact", "contract", "invoice",
                                          "lead", "opportunity", "order"}));
  wait(objects.prepare());
  EXPECT_EQ(wait(objects.objects()).size(), codes.size()) << "a second start changes nothing";
}

TEST_P(ObjectsTest, an_admin_adds_one) {  // REC-1
  wait(objects.create_lookup(
      {{"code", "fuel"},
       {"title", "Fuel"},
       {"values", {{{"code", "gas"}, {"title", "Gas"}}, {{"code", "oil"}, {"title", "Oil"}}}}},
      "user:root"));
  const json car = {
      {"code", "car"},
      {"title", title("Car", "Машина")},
      {"fields",
       {{{"code", "number"}, {"type", "text"}, {"title", "No."}, {"mask", "C{0:4}/x"}},
        {{"code", "fuel"}, {"type", "lookup"}, {"target", "fuel"}, {"title", "Fuel"}, {"default", "oil"}},
        {{"code", "driver"}, {"type", "link"}, {"target", "contact"}, {"title", "Driver"}}}}};
  wait(objects.create_object(car, "user:root"));
  EXPECT_EQ(add("car", json::object()).fields, json({{"number", "C0001/x"}, {"fuel", "oil"}}));
  EXPECT_EQ(refusal(objects.create_object(car, "x")), "domain.records.code_taken");
  EXPECT_EQ(refusal(objects.remove_lookup("fuel", {}, "x")), "domain.records.pointed_at");
  EXPECT_EQ(refusal(objects.remove_object("car", {}, "x")), "domain.records.object_used");
}

TEST_P(ObjectsTest, what_is_wrong_is_said_where_it_stands) {
  EXPECT_EQ(refusal(objects.create_object(
                {{"code", "My Car"},
                 {"title", {{"en", "Car"}, {"ru", ""}}},
                 {"fields",
                  {{{"code", "id"}, {"type", "text"}, {"title", "x"}},
                   {{"code", "a"}, {"type", "picture"}, {"title", "x"}},
                   {{"code", "b"}, {"type", "lookup"}, {"title", "x"}},
                   {{"code", "c"}, {"type", "text"}, {"title", "x"}, {"mask", "no place"}},
                   {{"code", "d"}, {"type", "number"}, {"title", "x"}, {"default", "1"}}}}},
                "x")),
            "domain.refused /code /title /fields/0/code /fields/1/type /fields/2/target /fields/3/mask "
            "/fields/4/default");
  EXPECT_EQ(refusal(objects.change_object(
                "contact",
                {{"fields", {{{"code", "job"}, {"title", "x"}}, {{"code", "name"}, {"type", "number"}}}}}, {},
                "x")),
            "domain.refused /fields/1/type");
}

TEST_P(ObjectsTest, what_an_admin_changes_of_ours_counts_at_once_on_every_host) {  // REC-1, REC-6
  Objects others_objects(*store, clock, ids, log::Logger::none());
  Tools others_tools{others_objects, clock, ids};
  Records others(*store, others_tools);
  EXPECT_EQ(refusal(others.create("contact", {{"name", "Ana"}}, person)), "none");
  const auto changed = change("contact", {{"fields",
                                           {{{"code", "job"}, {"required", true}, {"searchable", true}},
                                            {{"code", "size"}, {"type", "number"}, {"title", "Size"}}}}});
  EXPECT_EQ(changed.version, 2);
  EXPECT_EQ(refusal(others.create("contact", {{"name", "Ben"}, {"size", 4}}, person)),
            "domain.refused /fields/job");
  EXPECT_EQ(refusal(others.create("contact", {{"name", "Ben"}, {"size", 4}}, machine)), "none");
  EXPECT_EQ(refusal(objects.change_object("contact", {{"title", "Person"}}, 1, "x")),
            "domain.records.changed");
}

TEST_P(ObjectsTest, a_field_is_searched_by_when_its_keys_are_written) {
  for (int i = 0; i < 3; ++i)
    add("contact", {{"name", "c" + std::to_string(i)}, {"job", "Job " + std::to_string(i)}});
  change("contact", {{"fields", {{{"code", "job"}, {"searchable", true}}}}});
  EXPECT_EQ(refusal(records.list("contact", where({{"job", "job 1"}}), person)), "domain.records.filling");
  add("contact", {{"name", "c3"}, {"job", "Job 3"}});
  fill();
  EXPECT_EQ(names(where({{"job", "job 1"}})), Names{"c1"});
  EXPECT_EQ(names(where(json::object(), "-job")), (Names{"c3", "c2", "c1", "c0"}));
  Query words;
  words.search = "job";
  EXPECT_EQ(names(words).size(), 4U);
}

TEST_P(ObjectsTest, a_field_becomes_unique_when_its_values_are) {
  change("account",
         {{"fields", {{{"code", "code"}, {"type", "text"}, {"title", "Code"}, {"searchable", true}}}}});
  const auto one = add("account", {{"name", "One"}, {"code", "A"}});
  add("account", {{"name", "Two"}, {"code", "a"}});
  const json unique = {{"fields", {{{"code", "code"}, {"unique", true}}}}};
  fill();
  EXPECT_EQ(refusal(objects.change_object("account", unique, {}, "x")), "domain.records.doubles");
  wait(records.change("account", one.id, {{"code", "B"}}, {}, person));
  change("account", unique);
  EXPECT_EQ(refusal(records.create("account", {{"name", "x"}, {"code", "b"}}, person)),
            "domain.records.taken /fields/code");
  EXPECT_EQ(refusal(records.change("account", one.id, {{"code", "b"}}, {}, person)), "none") << "its own";
}

TEST_P(ObjectsTest, what_records_hold_stays_in_a_lookup) {  // REC-1
  const auto lookup = wait(objects.lookup("contact_type"));
  auto values = to_json(lookup)["values"];
  values.push_back({{"code", "friend"}, {"title", title("Friend", "Друг")}});
  wait(objects.change_lookup("contact_type", {{"values", values}}, lookup.version, "x"));
  const auto ana = add("contact", {{"name", "Ana"}, {"type", "friend"}});
  values.erase(values.size() - 1);
  EXPECT_EQ(refusal(objects.change_lookup("contact_type", {{"values", values}}, {}, "x")),
            "domain.records.value_used");
  EXPECT_EQ(refusal(objects.change_lookup("contact_type", {{"values", json::array()}}, {}, "x")),
            "domain.records.value_used");
  values.push_back({{"code", "friend"}, {"title", "Friend"}, {"active", false}});
  wait(objects.change_lookup("contact_type", {{"values", values}}, {}, "x"));
  EXPECT_EQ(refusal(records.create("contact", {{"name", "Ben"}, {"type", "friend"}}, person)),
            "domain.refused /fields/type");
  EXPECT_EQ(refusal(records.change("contact", ana.id, {{"job", "x"}}, {}, person)), "none")
      << "what it holds may stay";
}

TEST_P(ObjectsTest, changes_are_in_the_audit_log) {  // ACC-5
  change("contact", {{"title", "Person"}});
  store->read_now([](store::Session& session) {
    const auto rows = session.query("select actor, action, object, detail from audit order by id");
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].text(0) + " " + rows[0].text(1) + " " + rows[0].text(2),
              "user:root object.change object:contact");
    EXPECT_EQ(json::parse(rows[0].text(3))["new"]["title"]["ru"], "Person");
  });
}

TEST(Phone, is_written_in_one_way) {
  const Dialling russia("7", "8");
  EXPECT_EQ(normal_phone("8 (912) 345-67-89", russia), "+79123456789");
  EXPECT_EQ(normal_phone("912 345 67 89", russia), "+79123456789");
  EXPECT_EQ(normal_phone("+49 30\xC2\xA0"
                         "901820 ext. 12",
                         russia),
            "+4930901820");
  EXPECT_EQ(normal_phone("0049 30 901820", russia), "+4930901820");
  EXPECT_EQ(normal_phone("8 (912) 345-67-89"), "89123456789") << "the country is not known";
  EXPECT_EQ(normal_phone("12-34", russia), "1234") << "a number of the house";
  for (const auto* wrong : {"", "+", "12", "call me", "+1234567890123456", "1+2345678"})
    EXPECT_FALSE(normal_phone(wrong, russia)) << wrong;
}

TEST(Phone, is_read_as_people_of_the_country_dial) {
  const auto at_home = [](const char* country, const char* number) {
    return normal_phone(number, dialling_in(country).value());
  };
  EXPECT_EQ(at_home("DE", "030 901820"), "+4930901820");
  EXPECT_EQ(at_home("US", "(415) 555-2671"), "+14155552671");
  EXPECT_EQ(at_home("US", "1-415-555-2671"), "+14155552671");
  EXPECT_EQ(at_home("RU", "8 912 345-67-89"), "+79123456789");
  EXPECT_EQ(at_home("IT", "06 698 1234"), "+39066981234") << "the 0 is a part of the number";
  EXPECT_EQ(at_home("HU", "06 1 234 5678"), "+3612345678");
  EXPECT_EQ(at_home("BY", "8 029 123-45-67"), "+375291234567");
  for (const auto* none : {"", "de", "D", "DEU", "ZZ", "AQ"}) EXPECT_FALSE(dialling_in(none)) << none;
}

TEST(Mask, holds_one_place_for_the_number) {
  EXPECT_EQ(numbered("Inv-{0}", 12), "Inv-12");
  EXPECT_EQ(numbered("{0:5}", 12), "00012");
  EXPECT_EQ(numbered("{0:2}/26", 1234), "1234/26");
  for (const auto* wrong : {"Inv-", "{1}", "{0", "{0:}", "{0:x}", "{0:0}", "{0:99}", "{0 }"})
    EXPECT_FALSE(is_mask(wrong)) << wrong;
}

}  // namespace
}  // namespace patchbay::domain::records
