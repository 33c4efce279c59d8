#pragma once

#include <map>
#include <string>

namespace patchbay::hooks {

// Made by an independent library (jose 6 for node), the keys for this only. They are for the time
// 1,700,000,000; each differs from "es" in what its name says.
inline const std::string kKeySet =
    R"({"keys":[{"kty":"RSA","n":"4WivMWmolpRE4Q5huIyjGX18waXfgjhA0Bwrp1cx1kcIRaBkrIU4t-rBN93R_u_AsddyLMm74XVkMszN52TOrUZqxng2QBvdKg9-Qg1oEvolVyxbDyOfwU6_S6_Bsiev8pkF7dkZuAniVorNz61I3NhNg5FNqToLeq9ICDdu2J9be8F2RdtKTBamV0H4wB7DCdjRLiSIsKZH4o_gr_k4cvFOuyUR3ERS85pjQmE2_NTwlL7BVT7EK46_ahv8s83Ojji-QtgPu1VHO5hW5CGag8PSsMs4kQseqO4sq94WDrkApaSmgcILB-XOUDxUpjb9Z6Cm6plDtfBwDGPJXMp4Xw","e":"AQAB","kid":"r1","use":"sig","alg":"RS256"},{"kty":"EC","x":"A9KM4SpBrkMGuelMicT5qdeD8keIUCi8BhRwPNljEbo","y":"v1nG8JvrrxQZ5DQcPyLlFOAq1WpDUuJuiD8kugzJpnk","crv":"P-256","kid":"e1","use":"sig"}]})";

inline const std::map<std::string, std::string>& tokens() {
  static const auto* all = new std::map<std::string, std::string>{
      {"rs",
       "eyJhbGciOiJSUzI1NiIsImtpZCI6InIxIiwidHlwIjoiSldUIn0."
       "eyJlbWFpbCI6InB1c2hAcHJvamVjdC5leGFtcGxlIiwiZW1haWxfdmVyaWZpZWQiOnRydWUsImlzcyI6Imh0dHBzOi8vaWQuZXhhb"
       "XBsZSIsImF1ZCI6Imh0dHBzOi8vYmF5LmV4YW1wbGUvaW4vaG9va3MvcC8xL3IiLCJpYXQiOjE2OTk5OTk5OTAsImV4cCI6MTcwMD"
       "AwMzYwMH0.BqQuE7dblaIpG94rqqDZKQLWQGzAJCYTdVEClFCubuyzzXLy5ldXHNx3ca2skV0qp0RyqzepHjzR-7TT829ul-"
       "O2CTRvEEaZoO6lLbLknG3bE6rcaCQUjqAc1NtwaWHwICU-R_vsQnxBGdxTnja0dcxQvKtsDKu1Nw3t74DVpWdLN_N8Sq5-"
       "y92U3BKZixGzyLC3exr_8TgbueB8H_"
       "YYgrwpv7OvgdNItb4h5x4b4JXfhYpWWe9C1SGeBPTr6Vg5xWukJBUQrg0TFh5juousAg6y0FgTa-t-ifyKXkKf_Fx1sAU5i8pKn-"
       "0uG3Fv4nSIwtFKq7_MO7G4TFCpbqpVNA"},
      {"es",
       "eyJhbGciOiJFUzI1NiIsImtpZCI6ImUxIiwidHlwIjoiSldUIn0."
       "eyJlbWFpbCI6InB1c2hAcHJvamVjdC5leGFtcGxlIiwiZW1haWxfdmVyaWZpZWQiOnRydWUsImlzcyI6Imh0dHBzOi8vaWQuZXhhb"
       "XBsZSIsImF1ZCI6Imh0dHBzOi8vYmF5LmV4YW1wbGUvaW4vaG9va3MvcC8xL3IiLCJpYXQiOjE2OTk5OTk5OTAsImV4cCI6MTcwMD"
       "AwMzYwMH0.T4THTUuI4DtMeDgxzOhedPZ4CiIggBtr8iUHCvmv84WpqJGoZUXEqy6cKIjPFZf4R30RByWL1BBoWAtB_ePQaQ"},
      {"hs",
       "eyJhbGciOiJIUzI1NiIsImtpZCI6InIxIiwidHlwIjoiSldUIn0."
       "eyJlbWFpbCI6InB1c2hAcHJvamVjdC5leGFtcGxlIiwiZW1haWxfdmVyaWZpZWQiOnRydWUsImlzcyI6Imh0dHBzOi8vaWQuZXhhb"
       "XBsZSIsImF1ZCI6Imh0dHBzOi8vYmF5LmV4YW1wbGUvaW4vaG9va3MvcC8xL3IiLCJpYXQiOjE2OTk5OTk5OTAsImV4cCI6MTcwMD"
       "AwMzYwMH0._zc7B3zItZSJdb6mJfrSn7_cdDfvBGyYZN1Tm2BSRXg"},
      {"none",
       "eyJhbGciOiJub25lIn0."
       "eyJlbWFpbCI6InB1c2hAcHJvamVjdC5leGFtcGxlIiwiZW1haWxfdmVyaWZpZWQiOnRydWUsImlzcyI6Imh0dHBzOi8vaWQuZXhhb"
       "XBsZSIsImF1ZCI6Imh0dHBzOi8vYmF5LmV4YW1wbGUvaW4vaG9va3MvcC8xL3IiLCJleHAiOjE3MDAwMDM2MDB9."},
      {"other_issuer",
       "eyJhbGciOiJFUzI1NiIsImtpZCI6ImUxIn0."
       "eyJlbWFpbCI6InB1c2hAcHJvamVjdC5leGFtcGxlIiwiZW1haWxfdmVyaWZpZWQiOnRydWUsImlzcyI6Imh0dHBzOi8vZXZpbC5le"
       "GFtcGxlIiwiYXVkIjoiaHR0cHM6Ly9iYXkuZXhhbXBsZS9pbi9ob29rcy9wLzEvciIsImlhdCI6MTY5OTk5OTk5MCwiZXhwIjoxNz"
       "AwMDAzNjAwfQ.Bq-EyLdSdt5Y5h1kNTzvBEdnrRZAR2-KDe0CVcg9kfmQJBczwRT9JKYA8x7vh6q4o6rxc00N0DMTiJ2FAtl7Tw"},
      {"other_audience",
       "eyJhbGciOiJFUzI1NiIsImtpZCI6ImUxIn0."
       "eyJlbWFpbCI6InB1c2hAcHJvamVjdC5leGFtcGxlIiwiZW1haWxfdmVyaWZpZWQiOnRydWUsImlzcyI6Imh0dHBzOi8vaWQuZXhhb"
       "XBsZSIsImF1ZCI6Imh0dHBzOi8vb3RoZXIuZXhhbXBsZSIsImlhdCI6MTY5OTk5OTk5MCwiZXhwIjoxNzAwMDAzNjAwfQ."
       "AveEi3BBKXlwDpNP5xETHk3fVzytPuOnWXJBYmserPdfR-CKih-nUQWjkbygdnOJ_Gi7hRaw4jnlp5nksXGVwg"},
      {"audience_list",
       "eyJhbGciOiJFUzI1NiIsImtpZCI6ImUxIn0."
       "eyJlbWFpbCI6InB1c2hAcHJvamVjdC5leGFtcGxlIiwiZW1haWxfdmVyaWZpZWQiOnRydWUsImlzcyI6Imh0dHBzOi8vaWQuZXhhb"
       "XBsZSIsImF1ZCI6WyJodHRwczovL290aGVyLmV4YW1wbGUiLCJodHRwczovL2JheS5leGFtcGxlL2luL2hvb2tzL3AvMS9yIl0sIm"
       "lhdCI6MTY5OTk5OTk5MCwiZXhwIjoxNzAwMDAzNjAwfQ.-F5F0T0ruW4amZwaQPF38pbEFC2rcrIuqQe6JYqLaRhuNEK39zTPs-"
       "xNKiVCjs_EHzYvryv6Q5ZBX--RJ49j7w"},
      {"expired",
       "eyJhbGciOiJFUzI1NiIsImtpZCI6ImUxIn0."
       "eyJlbWFpbCI6InB1c2hAcHJvamVjdC5leGFtcGxlIiwiZW1haWxfdmVyaWZpZWQiOnRydWUsImlzcyI6Imh0dHBzOi8vaWQuZXhhb"
       "XBsZSIsImF1ZCI6Imh0dHBzOi8vYmF5LmV4YW1wbGUvaW4vaG9va3MvcC8xL3IiLCJpYXQiOjE2OTk5OTk5OTAsImV4cCI6MTY5OT"
       "k5OTkzOX0.uSQoXjL8mzmPVxIV1DKX_DuUv7jvHgiqBdquLTXE4Fm9Rw_lmis4gJbiClwSXAUrrscaSvKCoaqZw8SqcbwBxw"},
      {"just_expired",
       "eyJhbGciOiJFUzI1NiIsImtpZCI6ImUxIn0."
       "eyJlbWFpbCI6InB1c2hAcHJvamVjdC5leGFtcGxlIiwiZW1haWxfdmVyaWZpZWQiOnRydWUsImlzcyI6Imh0dHBzOi8vaWQuZXhhb"
       "XBsZSIsImF1ZCI6Imh0dHBzOi8vYmF5LmV4YW1wbGUvaW4vaG9va3MvcC8xL3IiLCJpYXQiOjE2OTk5OTk5OTAsImV4cCI6MTY5OT"
       "k5OTk0MX0.FZkU3MCOSVwSvNFD94nHqjTsIk_NN72jmC6enUX6_T8nO7TDna-DOfhVhViidz54mRttP19dayLWj5UsnYgQhA"},
      {"endless",
       "eyJhbGciOiJFUzI1NiIsImtpZCI6ImUxIn0."
       "eyJlbWFpbCI6InB1c2hAcHJvamVjdC5leGFtcGxlIiwiZW1haWxfdmVyaWZpZWQiOnRydWUsImlzcyI6Imh0dHBzOi8vaWQuZXhhb"
       "XBsZSIsImF1ZCI6Imh0dHBzOi8vYmF5LmV4YW1wbGUvaW4vaG9va3MvcC8xL3IiLCJpYXQiOjE2OTk5OTk5OTB9.D_"
       "qjOvtqPRIqgNklt17mqHXh_xlrXKsLPM82RwIl4QEfcqKDT_L9sDvrhpB_nXsATqHXMJ8fcHCXHCB73AKuJQ"},
      {"not_yet",
       "eyJhbGciOiJFUzI1NiIsImtpZCI6ImUxIn0."
       "eyJlbWFpbCI6InB1c2hAcHJvamVjdC5leGFtcGxlIiwiZW1haWxfdmVyaWZpZWQiOnRydWUsImlzcyI6Imh0dHBzOi8vaWQuZXhhb"
       "XBsZSIsImF1ZCI6Imh0dHBzOi8vYmF5LmV4YW1wbGUvaW4vaG9va3MvcC8xL3IiLCJpYXQiOjE2OTk5OTk5OTAsImV4cCI6MTcwMD"
       "AwMzYwMCwibmJmIjoxNzAwMDAwMDYxfQ."
       "h3yDp4BAsvtrIHTWw1UMAKZhIqifGmtUJagFxGGIHLTDSphjQsDkpfeQwTYGcWmASgS80-q9goK-vFYvo0ABwA"},
      {"from_the_future",
       "eyJhbGciOiJFUzI1NiIsImtpZCI6ImUxIn0."
       "eyJlbWFpbCI6InB1c2hAcHJvamVjdC5leGFtcGxlIiwiZW1haWxfdmVyaWZpZWQiOnRydWUsImlzcyI6Imh0dHBzOi8vaWQuZXhhb"
       "XBsZSIsImF1ZCI6Imh0dHBzOi8vYmF5LmV4YW1wbGUvaW4vaG9va3MvcC8xL3IiLCJpYXQiOjE3MDAwMDAwNjEsImV4cCI6MTcwMD"
       "AwMzYwMH0.FaPW0Wx-Z-ueYBDwMwpGsgR2wW5MFXoF624nyUj3Cf70L6K2H32wZf94AYKJEydI0HqfXRnIIAB1VMD5ZmXCkA"},
      {"time_as_text",
       "eyJhbGciOiJFUzI1NiIsImtpZCI6ImUxIn0."
       "eyJlbWFpbCI6InB1c2hAcHJvamVjdC5leGFtcGxlIiwiZW1haWxfdmVyaWZpZWQiOnRydWUsImlzcyI6Imh0dHBzOi8vaWQuZXhhb"
       "XBsZSIsImF1ZCI6Imh0dHBzOi8vYmF5LmV4YW1wbGUvaW4vaG9va3MvcC8xL3IiLCJpYXQiOjE2OTk5OTk5OTAsImV4cCI6IjE3MD"
       "AwMDM2MDAifQ.AFuvok3GsSJRojcRjvtOUZUKNB1_AWoqZk0H9PT-ZLnfuffCVf2LGuzU-hcdjryOdbrc3dWvmToDHvtw0iYpjw"},
      {"other_email",
       "eyJhbGciOiJFUzI1NiIsImtpZCI6ImUxIn0."
       "eyJlbWFpbCI6ImV2aWxAcHJvamVjdC5leGFtcGxlIiwiZW1haWxfdmVyaWZpZWQiOnRydWUsImlzcyI6Imh0dHBzOi8vaWQuZXhhb"
       "XBsZSIsImF1ZCI6Imh0dHBzOi8vYmF5LmV4YW1wbGUvaW4vaG9va3MvcC8xL3IiLCJpYXQiOjE2OTk5OTk5OTAsImV4cCI6MTcwMD"
       "AwMzYwMH0.WNkiV1SnyhHk-oFyF4qn90_Xs2khx6flee97GGbWmL0_lumc4vs3cudsgjw5otBiXRIqMam6rNdQarFExuPAtw"},
      {"not_verified",
       "eyJhbGciOiJFUzI1NiIsImtpZCI6ImUxIn0."
       "eyJlbWFpbCI6InB1c2hAcHJvamVjdC5leGFtcGxlIiwiZW1haWxfdmVyaWZpZWQiOmZhbHNlLCJpc3MiOiJodHRwczovL2lkLmV4Y"
       "W1wbGUiLCJhdWQiOiJodHRwczovL2JheS5leGFtcGxlL2luL2hvb2tzL3AvMS9yIiwiaWF0IjoxNjk5OTk5OTkwLCJleHAiOjE3MD"
       "AwMDM2MDB9.UgAMemqX-TLgxEfyMG3tpJ9TFJwFJk6yJXZopk7ZbBzpkpG25FGIN4gfyirGubTuLwLvFjugLxCzXGc_navbSQ"},
      {"critical",
       "eyJhbGciOiJFUzI1NiIsImtpZCI6ImUxIiwiY3JpdCI6WyJ4Il0sIngiOjF9."
       "eyJlbWFpbCI6InB1c2hAcHJvamVjdC5leGFtcGxlIiwiZW1haWxfdmVyaWZpZWQiOnRydWUsImlzcyI6Imh0dHBzOi8vaWQuZXhhb"
       "XBsZSIsImF1ZCI6Imh0dHBzOi8vYmF5LmV4YW1wbGUvaW4vaG9va3MvcC8xL3IiLCJpYXQiOjE2OTk5OTk5OTAsImV4cCI6MTcwMD"
       "AwMzYwMH0.KWmoktdT4itfPXm2wTFXPnKAgVeVkAff2eunW2bb8pRxTQJvR8bV9Hb1v82B6_s17TkjenEhS9xE8d81DQX7vQ"},
  };
  return *all;
}

}  // namespace patchbay::hooks
