#include "domain/access/model.hpp"

namespace patchbay::domain::access {

const std::vector<Operation>& operations() {
  static const auto* all = new std::vector<Operation>{
      {"CanConfigureSharedMailboxSync", Text("domain.access.can_configure_shared_mailbox_sync")},
      {"CanConnectSharedMailbox", Text("domain.access.can_connect_shared_mailbox")},
      {"CanManageAdministration", Text("domain.access.can_manage_administration")},
      {"CanManageChats", Text("domain.access.can_manage_chats")},
      {"CanManageLeadGen", Text("domain.access.can_manage_lead_gen")},
      {"CanManagePlugins", Text("domain.access.can_manage_plugins")},
  };
  return *all;
}

}  // namespace patchbay::domain::access
