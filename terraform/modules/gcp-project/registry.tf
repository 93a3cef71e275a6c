# Containers of layers.

locals {
  readers = var.repositories == null ? {} : merge(
    { for account in google_service_account.build : "build" => account.member },
    { for name, account in google_service_account.machine : name => account.member },
    # Cosign reads signatures as the job.
    { for name, job in var.jobs : "job ${name}" => google_service_account.job[name].member if job.starts_builds },
    { for member in var.repository_readers : member => member },
  )
}

resource "google_artifact_registry_repository" "this" {
  # checkov:skip=CKV_GCP_84: Google encrypts everything, and containers hold no secrets.
  for_each = var.repositories == null ? toset([]) : toset(var.repositories.names)

  project       = var.project
  location      = var.repositories.location
  repository_id = each.key
  format        = "DOCKER"
  description   = "Containers of ${var.fleet}"
  labels        = var.labels

  docker_config {
    immutable_tags = true
  }

  depends_on = [google_project_service.this]

  lifecycle {
    # Machines that lost a container pull it again.
    prevent_destroy = true
  }
}

resource "google_artifact_registry_repository_iam_member" "reader" {
  for_each = {
    for pair in setproduct(keys(google_artifact_registry_repository.this), keys(local.readers)) : join(" ", pair) => { repository = pair[0], reader = pair[1] }
  }

  project    = var.project
  location   = var.repositories.location
  repository = google_artifact_registry_repository.this[each.value.repository].name
  role       = "roles/artifactregistry.reader"
  member     = local.readers[each.value.reader]
}
