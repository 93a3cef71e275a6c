# The service accounts of groups' machines. Only administrators apply this root: a job that could make accounts, change who acts as
# them, or act as all of them could become any other job.

locals {
  # What every machine needs to write logs and metrics.
  machine_roles = ["roles/logging.logWriter", "roles/monitoring.metricWriter"]
}

resource "google_service_account" "machine" {
  for_each = var.machines

  account_id   = each.key
  project      = var.project
  display_name = each.key
  description  = each.value.description

  depends_on = [google_project_service.this]
}

resource "google_project_iam_member" "machine" {
  for_each = {
    for item in flatten([
      for name, machine in var.machines : [for role in concat(local.machine_roles, machine.roles) : { name = name, role = role }]
    ]) : "${item.name} ${item.role}" => item
  }

  project = var.project
  role    = each.value.role
  member  = google_service_account.machine[each.value.name].member
}

# Creating a machine with an account, and logging in to one, both take the right to act as that account.
resource "google_service_account_iam_member" "machine" {
  for_each = {
    for item in flatten([
      for name, machine in var.machines : concat(
        [for job in machine.jobs : { name = name, who = job, member = google_service_account.job[job].member }],
        [for member in var.members : { name = name, who = member, member = member }],
      )
    ]) : "${item.name} ${item.who}" => item
  }

  service_account_id = google_service_account.machine[each.value.name].name
  role               = "roles/iam.serviceAccountUser"
  member             = each.value.member
}

# The secrets that a group names, and no others.
resource "google_project_iam_member" "secret" {
  for_each = {
    for item in flatten([
      for name, machine in var.machines : [for secret in machine.secrets : { name = name, secret = secret }]
    ]) : "${item.name} ${item.secret}" => item
  }

  project = var.project
  role    = "roles/secretmanager.secretAccessor"
  member  = google_service_account.machine[each.value.name].member

  condition {
    title = substr("the secret ${each.value.secret}", 0, 100)
    # https://docs.cloud.google.com/iam/docs/conditions-resource-attributes: secrets are named by the project's number.
    expression = "resource.name.startsWith(\"projects/${data.google_project.this.number}/secrets/${each.value.secret}/versions/\")"
  }
}
