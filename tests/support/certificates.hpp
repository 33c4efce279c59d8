#pragma once

#include <memory>
#include <string>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace patchbay::support {

// An authority that a test makes for itself, and certificates that it signs.
class Authority {
 public:
  using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
  using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

  Authority() : key_(EVP_EC_gen("P-256"), EVP_PKEY_free), certificate_(X509_new(), X509_free) {
    fill(certificate_.get(), key_.get(), "Test authority", -3600, 3600);
    add(certificate_.get(), NID_basic_constraints, "critical,CA:TRUE");
    X509_sign(certificate_.get(), key_.get(), EVP_sha256());
  }

  std::string pem() const {
    const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), BIO_free);
    PEM_write_bio_X509(out.get(), certificate_.get());
    char* data = nullptr;
    const auto size = BIO_get_mem_data(out.get(), &data);
    return std::string(data, static_cast<std::size_t>(size));
  }

  struct Issued {
    Key key;
    Certificate certificate;
  };
  // `names` as OpenSSL writes them: "DNS:mail.example,IP:127.0.0.1". It ends `seconds` from now.
  Issued issue(const std::string& names, long seconds = 3600) const {
    Issued made{Key(EVP_EC_gen("P-256"), EVP_PKEY_free), Certificate(X509_new(), X509_free)};
    fill(made.certificate.get(), made.key.get(), "Test server", -7200, seconds);
    X509_set_issuer_name(made.certificate.get(), X509_get_subject_name(certificate_.get()));
    add(made.certificate.get(), NID_subject_alt_name, names);
    X509_sign(made.certificate.get(), key_.get(), EVP_sha256());
    return made;
  }

 private:
  static void fill(X509* certificate, EVP_PKEY* key, const char* name, long from, long until) {
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), from);
    X509_gmtime_adj(X509_getm_notAfter(certificate), until);
    X509_set_pubkey(certificate, key);
    auto* const subject = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name), -1,
                               -1, 0);
    X509_set_issuer_name(certificate, subject);
  }
  static void add(X509* certificate, int kind, const std::string& value) {
    auto* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str());
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }

  Key key_;
  Certificate certificate_;
};

}  // namespace patchbay::support
