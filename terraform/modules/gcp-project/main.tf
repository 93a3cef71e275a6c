# What a project has once: APIs, guards, GitHub's jobs with their roles, machines that build images, and who may open sessions.

locals {
  agent = "service-${data.google_project.this.number}@compute-system.iam.gserviceaccount.com"

  # GitHub's subjects come with names, and with names and ids if the repository asks for it.
  # https://docs.github.com/actions/concepts/security/openid-connect
  by_name      = "repo:${var.github.owner}/${var.github.name}"
  by_id        = var.github.owner_id == null || var.github.repository_id == null ? [] : ["repo:${var.github.owner}@${var.github.owner_id}/${var.github.name}@${var.github.repository_id}"]
  repositories = concat([local.by_name], local.by_id)

  conditions = concat(
    ["assertion.repository == '${var.github.owner}/${var.github.name}'"],
    [for id in [var.github.repository_id] : "assertion.repository_id == '${id}'" if id != null],
  )

  trusted = {
    for item in flatten([
      for name, job in var.jobs : [
        for pair in setproduct(local.repositories, job.subjects) : { job = name, subject = join(":", pair) }
      ]
    ]) : "${item.job} ${item.subject}" => item
  }

  granted = {
    for item in flatten([for name, job in var.jobs : [for grant in job.roles : merge(grant, { job = name })]]) :
    join(" ", compact([item.job, item.role, item.name])) => item
  }

  with_permissions = { for name, job in var.jobs : name => job.permissions if length(job.permissions) > 0 }
}

data "google_project" "this" {
  project_id = var.project
}

# First, since it forbids what enabling Compute Engine would otherwise create: a network that is open to the internet, and an account
# that may edit the whole project.
resource "google_project_service" "policies" {
  project            = var.project
  service            = "orgpolicy.googleapis.com"
  disable_on_destroy = false
}

resource "google_project_service" "this" {
  for_each = toset(var.apis)

  project = var.project
  service = "${each.value}.googleapis.com"
  # Others in the project may use it, too.
  disable_on_destroy = false

  depends_on = [google_org_policy_policy.forbidden, google_org_policy_policy.no_public_addresses]
}

# Tokens of this repository's jobs, and of no other's. A name can be given to another repository; an id cannot.
resource "google_iam_workload_identity_pool" "github" {
  project                   = var.project
  workload_identity_pool_id = "${var.fleet}-github"
  display_name              = "${var.fleet}-github"
  description               = "GitHub's jobs of ${var.fleet}"

  depends_on = [google_project_service.this]
}

resource "google_iam_workload_identity_pool_provider" "github" {
  # checkov:skip=CKV_GCP_125: The check wants one subject here. Each job's account names its own, in full.
  project                            = var.project
  workload_identity_pool_id          = google_iam_workload_identity_pool.github.workload_identity_pool_id
  workload_identity_pool_provider_id = "github"
  display_name                       = "GitHub Actions"
  description                        = "Jobs of ${var.github.owner}/${var.github.name}"
  attribute_mapping                  = { "google.subject" = "assertion.sub" }
  attribute_condition                = join(" && ", local.conditions)

  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }
}

resource "google_service_account" "job" {
  for_each = var.jobs

  account_id   = "${var.fleet}-${each.key}"
  project      = var.project
  display_name = "${var.fleet}-${each.key}"
  description  = "GitHub's job that ${each.value.description}"

  depends_on = [google_project_service.this]
}

# One job, one subject, one account.
resource "google_service_account_iam_member" "github" {
  for_each = local.trusted

  service_account_id = google_service_account.job[each.value.job].name
  role               = "roles/iam.workloadIdentityUser"
  member             = "principal://iam.googleapis.com/${google_iam_workload_identity_pool.github.name}/subject/${each.value.subject}"

  lifecycle {
    precondition {
      condition     = length(each.value.subject) <= 127
      error_message = "Google allows 127 characters for a subject, and \"${each.value.subject}\" has more: shorten the name of the repository or of the environment."
    }
  }
}

resource "google_project_iam_custom_role" "job" {
  for_each = local.with_permissions

  # Ids of roles have no hyphens.
  role_id     = replace("${var.fleet}-${each.key}", "-", "_")
  project     = var.project
  title       = "${var.fleet}-${each.key}"
  description = "What the job may do that ${var.jobs[each.key].description}"
  permissions = each.value

  depends_on = [google_project_service.this]
}

resource "google_project_iam_member" "job" {
  for_each = local.with_permissions

  project = var.project
  role    = google_project_iam_custom_role.job[each.key].id
  member  = google_service_account.job[each.key].member
}

resource "google_project_iam_member" "granted" {
  for_each = local.granted

  project = var.project
  role    = each.value.role
  member  = google_service_account.job[each.value.job].member

  dynamic "condition" {
    for_each = each.value.condition == null ? [] : [each.value.condition]

    content {
      title      = "limited"
      expression = condition.value
    }
  }
}

module "bucket" {
  source   = "../gcp-bucket"
  for_each = var.buckets

  name     = each.key
  project  = var.project
  location = each.value
  labels   = var.labels
}

# Other projects start machines from images of this one.
data "google_project" "other" {
  for_each = toset(var.image_projects)

  project_id = each.value
}

resource "google_project_iam_member" "image_user" {
  for_each = merge(
    # Managed instance groups create machines as this account.
    { for name, other in data.google_project.other : name => "serviceAccount:${other.number}@cloudservices.gserviceaccount.com" },
    # The projects' jobs read an image before they start machines from it.
    { for user in var.image_users : user => user },
  )

  project = var.project
  role    = "roles/compute.imageUser"
  member  = each.value
}
