mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "1234567890" }
  }
}

variables {
  fleet   = "example"
  project = "example-fleet"
  github  = { owner = "example", name = "fleet", owner_id = "1", repository_id = "2" }
  jobs = {
    plan = {
      description = "plans every root"
      subjects    = ["pull_request"]
      permissions = ["compute.networks.get"]
    }
    build-runner = {
      description   = "builds images"
      subjects      = ["environment:images"]
      permissions   = ["compute.instances.create"]
      roles         = [{ role = "roles/iap.tunnelResourceAccessor", condition = "destination.port == 22" }]
      starts_builds = true
    }
  }
  builds_images = true
  disk_key      = { name = "disks", location = "global" }
  signing_key   = { name = "image-signing", location = "asia-northeast1" }
  members       = ["group:platform@example.com"]
}

run "a_job_trusts_its_own_subject" {
  command = plan

  assert {
    condition     = keys(google_service_account_iam_member.github) == ["build-runner repo:example/fleet:environment:images", "build-runner repo:example@1/fleet@2:environment:images", "plan repo:example/fleet:pull_request", "plan repo:example@1/fleet@2:pull_request"]
    error_message = "each job in both forms, and nothing more"
  }

  assert {
    condition     = google_iam_workload_identity_pool_provider.github.attribute_condition == "assertion.repository == 'example/fleet' && assertion.repository_id == '2'"
    error_message = "the id of the repository decides"
  }
}

run "only_builds_act_as_builders_and_sign" {
  command = plan

  assert {
    condition     = keys(google_service_account_iam_member.build) == ["build-runner"] && keys(google_kms_crypto_key_iam_member.signing) == ["build-runner signerVerifier", "build-runner viewer"]
    error_message = "the job that starts builds"
  }

  assert {
    condition     = google_kms_crypto_key.signing[0].version_template[0].algorithm == "EC_SIGN_P256_SHA256" && google_kms_crypto_key_iam_member.disks["own"].member == "serviceAccount:service-1234567890@compute-system.iam.gserviceaccount.com"
    error_message = "Cosign's algorithm, and Compute Engine's own account"
  }
}

run "sessions_reach_port_22_only" {
  command = plan

  assert {
    condition     = google_project_iam_member.operator["group:platform@example.com roles/iap.tunnelResourceAccessor"].condition[0].expression == "destination.port == 22"
    error_message = "a tunnel leads to SSH"
  }
}

run "a_machine_has_its_own_account_and_its_own_jobs" {
  command = plan

  variables {
    machines = {
      example-prod-web = { description = "Web", roles = ["roles/datastore.user"], jobs = ["plan"] }
    }
  }

  assert {
    condition     = keys(google_project_iam_member.machine) == ["example-prod-web roles/datastore.user", "example-prod-web roles/logging.logWriter", "example-prod-web roles/monitoring.metricWriter"]
    error_message = "logs, metrics, and what the group has"
  }

  assert {
    condition     = keys(google_service_account_iam_member.machine) == ["example-prod-web group:platform@example.com", "example-prod-web plan"]
    error_message = "only its jobs and the operators act as it"
  }
}

run "a_machine_reads_its_own_secrets" {
  command = plan

  variables {
    machines = { example-prod-web = { description = "Web", secrets = ["stream-key"], jobs = [] } }
  }

  override_data {
    target = data.google_project.this
    values = { number = "4711" }
  }

  assert {
    condition     = google_project_iam_member.secret["example-prod-web stream-key"].condition[0].expression == "resource.name.startsWith(\"projects/4711/secrets/stream-key/versions/\")"
    error_message = "one secret, and not one whose name begins like it"
  }
}

run "builds_and_machines_pull_containers" {
  command = plan

  variables {
    repositories = { names = ["fleet"], location = "asia-northeast1" }
    machines     = { example-prod-web = { description = "Web", jobs = [] } }
  }

  assert {
    condition     = google_artifact_registry_repository.this["fleet"].docker_config[0].immutable_tags
    error_message = "a tag cannot be moved"
  }

  assert {
    condition     = keys(google_artifact_registry_repository_iam_member.reader) == ["fleet build", "fleet example-prod-web", "fleet job build-runner"]
    error_message = "only those who pull"
  }
}

run "a_machine_that_edits_the_project_is_refused" {
  command = plan

  variables {
    machines = { example-prod-web = { description = "Web", roles = ["roles/editor"], jobs = [] } }
  }

  expect_failures = [var.machines]
}

run "everybody_a_primitive_role_and_a_branch_are_refused" {
  command = plan

  variables {
    members = ["allUsers"]
    jobs = {
      plan = { description = "plans", subjects = ["ref:refs/heads/main"], roles = [{ role = "roles/editor" }] }
    }
  }

  expect_failures = [var.members, var.jobs]
}
