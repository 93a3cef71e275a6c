variables {
  cloud = "aws"
  place = "ap-northeast-1"
}

run "nothing_to_write_is_null" {
  command = plan

  assert {
    condition     = output.user_data == null
    error_message = "no user-data without files"
  }
}

run "everything_is_a_file" {
  command = plan

  variables {
    proxy = { url = "http://proxy.example.internal:3128", exceptions = ["localhost", "10.16.0.0/16"] }
    config = {
      environment = { LOG_LEVEL = "debug", HOSTILE = "a\"b\\c$d`e\nUser=root" }
      files       = { "/etc/web.toml" = { content = "a = 1\n", owner = "web", mode = "0640" } }
      secrets     = { DATABASE_PASSWORD = { name = "example/prod/database", key = "password" } }
    }
    disks = [
      { device = "sdf", filesystem = "xfs", owner = "web", mount = "/srv/data" },
      { device = "instance-store", filesystem = "ext4", owner = "root", mount = "/srv/cache" },
    ]
  }

  assert {
    condition     = startswith(output.user_data, "#cloud-config\n") && [for file in yamldecode(output.user_data).write_files : file.path] == ["/etc/fleet/proxy.env", "/etc/fleet/group.env", "/etc/fleet/secrets.json", "/etc/fleet/disks", "/etc/web.toml"]
    error_message = "cloud-init writes these files"
  }

  assert {
    condition     = strcontains(yamldecode(output.user_data).write_files[0].content, "HTTPS_PROXY=http://proxy.example.internal:3128\nhttps_proxy=")
    error_message = "programs know the proxy by both spellings"
  }

  assert {
    condition     = yamldecode(output.user_data).write_files[1].content == "HOSTILE=\"a\\\"b\\\\c\\$d\\`e\nUser=root\"\nLOG_LEVEL=\"debug\"\n"
    error_message = "a value stays inside its quotes"
  }

  assert {
    condition     = jsondecode(yamldecode(output.user_data).write_files[2].content).secrets.DATABASE_PASSWORD == { name = "example/prod/database", key = "password" }
    error_message = "secrets are there by name"
  }

  assert {
    condition     = yamldecode(output.user_data).write_files[3].content == "sdf xfs web /srv/data\ninstance-store ext4 root /srv/cache\n"
    error_message = "one line for each disk"
  }

  assert {
    condition     = yamldecode(output.user_data).write_files[4].owner == "web:root" && yamldecode(output.user_data).write_files[4].permissions == "0640"
    error_message = "a file has its owner and mode"
  }
}

run "refused" {
  command = plan

  variables {
    cloud  = "azure"
    config = { files = { "/etc/fleet/disks" = { content = "" } } }
    disks  = [{ device = "sdf", filesystem = "ntfs", owner = "root", mount = "/srv" }]
  }

  expect_failures = [var.cloud, var.config, var.disks]
}
