mock_provider "google" {}

variables {
  name     = "example-fleet-artifacts-gcp"
  project  = "example-fleet"
  location = "asia-northeast1"
}

run "it_is_private_and_keeps_versions" {
  command = plan

  assert {
    condition     = google_storage_bucket.this.public_access_prevention == "enforced" && google_storage_bucket.this.uniform_bucket_level_access
    error_message = "no object has its own rules, and none is public"
  }

  assert {
    condition     = google_storage_bucket.this.versioning[0].enabled
    error_message = "what is overwritten can be restored"
  }
}

run "old_versions_are_kept_for_a_day_at_least" {
  command = plan

  variables {
    old_version_days = 0
  }

  expect_failures = [var.old_version_days]
}
