# Machines that build images, and the keys.

resource "google_service_account" "build" {
  count = var.builds_images ? 1 : 0

  account_id   = "${var.fleet}-build"
  project      = var.project
  display_name = "${var.fleet}-build"
  # It has no roles: whatever a build needs, its job fetches.
  description = "Machines that build images of ${var.fleet}"

  depends_on = [google_project_service.this]
}

resource "google_service_account_iam_member" "build" {
  for_each = var.builds_images ? toset([for name in keys(var.jobs) : name if var.jobs[name].starts_builds]) : []

  service_account_id = google_service_account.build[0].name
  role               = "roles/iam.serviceAccountUser"
  member             = google_service_account.job[each.key].member
}

# Key rings and keys cannot be deleted, only their versions.
resource "google_kms_key_ring" "this" {
  for_each = toset([for key in [var.disk_key, var.signing_key] : key.location if key != null])

  name     = var.key_ring
  project  = var.project
  location = each.key

  depends_on = [google_project_service.this]
}

resource "google_kms_crypto_key" "disks" {
  count = var.disk_key == null ? 0 : 1

  name            = var.disk_key.name
  key_ring        = google_kms_key_ring.this[var.disk_key.location].id
  purpose         = "ENCRYPT_DECRYPT"
  rotation_period = "7776000s" # 90 days
  labels          = var.labels

  lifecycle {
    # What a destroyed key has encrypted is lost.
    prevent_destroy = true
  }
}

# Compute Engine encrypts disks and images itself, in this project and in those that start machines from its images.
resource "google_kms_crypto_key_iam_member" "disks" {
  for_each = var.disk_key == null ? {} : merge(
    { own = "serviceAccount:${local.agent}" },
    { for name, other in data.google_project.other : name => "serviceAccount:service-${other.number}@compute-system.iam.gserviceaccount.com" },
  )

  crypto_key_id = google_kms_crypto_key.disks[0].id
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = each.value
}

# Signs programs and containers, and verifies them during a build. KMS rotates no asymmetric keys.
resource "google_kms_crypto_key" "signing" {
  # checkov:skip=CKV_GCP_43: KMS cannot rotate an asymmetric key.
  count = var.signing_key == null ? 0 : 1

  name     = var.signing_key.name
  key_ring = google_kms_key_ring.this[var.signing_key.location].id
  purpose  = "ASYMMETRIC_SIGN"
  labels   = var.labels

  version_template {
    algorithm        = "EC_SIGN_P256_SHA256"
    protection_level = "SOFTWARE"
  }

  lifecycle {
    prevent_destroy = true
  }
}

# Cosign looks at the key and at its version before it signs, which the role of signers does not include.
resource "google_kms_crypto_key_iam_member" "signing" {
  for_each = var.signing_key == null ? {} : {
    for pair in setproduct([for name in keys(var.jobs) : name if var.jobs[name].starts_builds], ["signerVerifier", "viewer"]) : join(" ", pair) => { job = pair[0], role = pair[1] }
  }

  crypto_key_id = google_kms_crypto_key.signing[0].id
  role          = "roles/cloudkms.${each.value.role}"
  member        = google_service_account.job[each.value.job].member
}
