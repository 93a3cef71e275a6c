# Who may open sessions, what is recorded about them, and what the project's policies forbid.

locals {
  # Policies of the organization, which whoever owns the project cannot lift.
  forbidden = toset([
    "compute.disableSerialPortAccess",
    "compute.requireOsLogin",
    "compute.skipDefaultNetworkCreation",
    "iam.automaticIamGrantsForDefaultServiceAccounts",
    "iam.disableServiceAccountKeyCreation",
    "storage.publicAccessPrevention",
    "storage.uniformBucketLevelAccess",
  ])

  # Sessions reach port 22 through Identity-Aware Proxy, and nothing else does.
  member_roles = {
    "roles/iap.tunnelResourceAccessor" = "destination.port == 22"
    "roles/compute.osLogin"            = null
    "roles/compute.viewer"             = null
  }
}

resource "google_org_policy_policy" "forbidden" {
  for_each = local.forbidden

  name   = "projects/${var.project}/policies/${each.value}"
  parent = "projects/${var.project}"

  spec {
    rules {
      enforce = "TRUE"
    }
  }

  depends_on = [google_project_service.policies]
}

resource "google_org_policy_policy" "no_public_addresses" {
  name   = "projects/${var.project}/policies/compute.vmExternalIpAccess"
  parent = "projects/${var.project}"

  spec {
    rules {
      deny_all = "TRUE"
    }
  }

  depends_on = [google_project_service.policies]
}

# In a project that had Compute Engine before its policies, machines with this account are editors of the project.
resource "google_project_default_service_accounts" "this" {
  project = var.project
  action  = "DISABLE"
  # Nothing here needs it back.
  restore_policy = "NONE"

  depends_on = [google_project_service.this]
}

resource "google_compute_project_metadata_item" "this" {
  for_each = { block-project-ssh-keys = "TRUE", enable-oslogin = "TRUE", serial-port-enable = "FALSE" }

  project = var.project
  key     = each.key
  value   = each.value

  depends_on = [google_project_service.this]
}

resource "google_project_iam_member" "operator" {
  for_each = { for pair in setproduct(var.members, keys(local.member_roles)) : join(" ", pair) => { member = pair[0], role = pair[1] } }

  project = var.project
  role    = each.value.role
  member  = each.value.member

  dynamic "condition" {
    for_each = compact([local.member_roles[each.value.role]])

    content {
      title      = "ssh"
      expression = condition.value
    }
  }
}

# Who opened a session, who used a key, and who read a file. Google keeps changes in any case.
resource "google_project_iam_audit_config" "this" {
  for_each = toset(["cloudkms", "iam", "iap", "oslogin", "storage", "sts"])

  project = var.project
  service = "${each.value}.googleapis.com"

  dynamic "audit_log_config" {
    for_each = toset(["ADMIN_READ", "DATA_READ", "DATA_WRITE"])

    content {
      log_type = audit_log_config.value
    }
  }
}

# The bucket in which Google keeps the logs of data access.
resource "google_logging_project_bucket_config" "default" {
  project        = var.project
  location       = "global"
  bucket_id      = "_Default"
  retention_days = var.log_retention_days

  depends_on = [google_project_service.this]
}
