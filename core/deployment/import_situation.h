#pragma once

#include <functional>
#include <map>
#include <string>

#include "core/deployment/decision.h"
#include "core/license/import_check.h"

namespace latchkey {

/// The parsed license with this content hash; null when it is not here.
using FindLicense = std::function<const LicenseDocument*(const std::string& document)>;

/// This deployment, as licenses are bound to it.
struct Premises {
  DeploymentId deployment;
  std::map<std::string, std::string> names;  ///< node id -> what people call it
};

/// What an import is judged against, as `decision` says. `catalog` and `decision` outlive it.
ImportSituation import_situation(const Decision& decision, const Catalog& catalog,
                                 const Premises& premises, const FindLicense& find);

}  // namespace latchkey
