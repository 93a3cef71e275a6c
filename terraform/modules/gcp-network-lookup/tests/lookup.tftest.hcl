mock_provider "google" {}

run "the_subnetwork_is_the_one_for_machines" {
  command = plan

  variables {
    name   = "example-gcp-tokyo"
    region = "asia-northeast1"
  }

  assert {
    condition     = data.google_compute_subnetwork.machines.name == "example-gcp-tokyo-machines"
    error_message = "the name is the network's, and `machines`"
  }
}

run "a_name_that_is_none_is_refused" {
  command = plan

  variables {
    name   = "Example"
    region = "asia-northeast1"
  }

  expect_failures = [var.name]
}
