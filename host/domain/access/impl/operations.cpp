#include "domain/access/model.hpp"

namespace patchbay::domain::access {

const std::vector<Operation>& operations() {
  static const auto* all = new std::vector<Operation>{
      {"CanManageAdministration", Text("domain.access.can_manage_administration")},
      {"CanManageChats", Text("domain.access.can_manage_chats")},
      {"CanManagePlugins", Text("domain.access.can_manage_plugins")},
  };
  return *all;
}

}  // namespace patchbay::domain::access
