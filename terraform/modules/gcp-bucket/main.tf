# A private bucket whose objects have versions.

#trivy:ignore:GCP-0066 Google encrypts everything. Set `kms_key` for data that must be destroyed with its key.
#trivy:ignore:GCP-0077 Cloud Audit Logs have every access, with who it was. Access logs are the older way.
resource "google_storage_bucket" "this" {
  # checkov:skip=CKV_GCP_62: Cloud Audit Logs have every access, with who it was. Access logs are the older way.
  # checkov:skip=CKV_GCP_63: The bucket has no access logs: CKV_GCP_62.
  name                        = var.name
  project                     = var.project
  location                    = var.location
  storage_class               = "STANDARD"
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  labels                      = var.labels

  versioning {
    enabled = true
  }

  # A version that was replaced or deleted can be restored until then.
  lifecycle_rule {
    action {
      type = "Delete"
    }

    condition {
      days_since_noncurrent_time = var.old_version_days
      with_state                 = "ARCHIVED"
    }
  }

  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }

    condition {
      age = 7
    }
  }

  dynamic "encryption" {
    for_each = var.kms_key == null ? [] : [var.kms_key]

    content {
      default_kms_key_name = encryption.value
    }
  }

  lifecycle {
    prevent_destroy = true
  }
}
