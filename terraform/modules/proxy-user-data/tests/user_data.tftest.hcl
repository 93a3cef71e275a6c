variables {
  squid_conf = "http_port 3128\nhttp_access deny all\n"
}

run "an_image_with_squid_installs_nothing" {
  command = plan

  assert {
    condition     = length(yamldecode(output.user_data).write_files) == 2 && !strcontains(output.user_data, "apt-get")
    error_message = "only squid's files, and no packages"
  }
}

run "a_vendors_image_gets_squid_from_the_snapshot" {
  command = plan

  variables {
    package_sources = [{ url = "https://snapshot.ubuntu.com/ubuntu/20261101T235959Z", suites = "noble", keyring = "/usr/share/keyrings/ubuntu-archive-keyring.gpg" }]
    commands        = ["echo last"]
  }

  assert {
    condition     = strcontains(yamldecode(output.user_data).write_files[1].content, "URIs: https://snapshot.ubuntu.com/ubuntu/20261101T235959Z")
    error_message = "apt reads the snapshot"
  }

  assert {
    condition     = strcontains(yamldecode(output.user_data).runcmd[0], "apt-get install") && yamldecode(output.user_data).runcmd[4] == "echo last"
    error_message = "first the packages, last the commands"
  }
}

run "not_root_and_not_over_http" {
  command = plan

  variables {
    run_as          = "root"
    package_sources = [{ url = "http://snapshot.ubuntu.com/", suites = "noble", keyring = "/x" }]
  }

  expect_failures = [var.run_as, var.package_sources]
}
