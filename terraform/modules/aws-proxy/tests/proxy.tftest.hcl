mock_provider "aws" {}

variables {
  network    = "example-aws-tokyo"
  host       = "proxy.aws-tokyo.example.internal"
  zone_id    = "Z0123456789ABCDEFGHIJ"
  vpc_id     = "vpc-1"
  cidr       = "10.16.0.0/16"
  subnet_ids = ["subnet-1", "subnet-2"]
  squid_conf = "http_port 3128\nhttp_access deny all\n"

  image = {
    owner        = "099720109477"
    name         = "ubuntu-noble"
    architecture = "arm64"
  }
  package_sources = [{
    url     = "https://snapshot.ubuntu.com/ubuntu/20261101T235959Z"
    suites  = "noble noble-updates noble-security"
    keyring = "/usr/share/keyrings/ubuntu-archive-keyring.gpg"
  }]

  account = "123456789012"
  region  = "ap-northeast-1"

  log_key_alias = "example-logs"

  run_as            = "ops"
  session_log_group = "/example/sessions"
  session_bucket    = "example-sessions-123456789012-ap-northeast-1"
  session_key_alias = "example-sessions"
}

run "only_the_network_connects" {
  command = plan

  assert {
    condition     = aws_lb.this.internal && aws_vpc_security_group_ingress_rule.load_balancer.cidr_ipv4 == "10.16.0.0/16"
    error_message = "the load balancer is internal, and for the network alone"
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.machines.cidr_ipv4 == null && aws_vpc_security_group_ingress_rule.machines.from_port == 3128
    error_message = "the machines accept the load balancer's connections and no others"
  }
}

run "only_https_leaves" {
  command = plan

  assert {
    condition     = aws_vpc_security_group_egress_rule.machines.from_port == 443 && aws_vpc_security_group_egress_rule.machines.to_port == 443
    error_message = "HTTPS and nothing else"
  }
}

run "the_machines_get_squids_configuration" {
  command = plan

  assert {
    condition     = yamldecode(base64decode(aws_launch_template.this.user_data)).write_files[2] == { path = "/etc/squid/squid.conf", content = "http_port 3128\nhttp_access deny all\n" }
    error_message = "cloud-init writes what fleetgen generated"
  }

  assert {
    condition     = aws_launch_template.this.network_interfaces[0].associate_public_ip_address == "false" && aws_launch_template.this.metadata_options[0].http_tokens == "required"
    error_message = "no public address, and tokens for the metadata service"
  }
}

run "the_access_log_goes_to_cloudwatch" {
  command = plan

  assert {
    condition     = jsondecode(yamldecode(base64decode(aws_launch_template.this.user_data)).write_files[4].content).logs.logs_collected.files.collect_list[0].log_group_name == "/example-aws-tokyo/proxy"
    error_message = "the agent sends squid's log to the network's log group"
  }

  assert {
    condition     = aws_cloudwatch_log_group.access.retention_in_days == 365
    error_message = "the log is kept for a year"
  }
}

run "an_image_with_squid_installs_nothing" {
  command = plan

  variables {
    image           = { owner = "123456789012", name = "example-proxy-arm64-0123456789ab", architecture = "arm64" }
    package_sources = []
  }

  assert {
    condition     = yamldecode(base64decode(aws_launch_template.this.user_data)).write_files[0].path == "/etc/squid/squid.conf" && !strcontains(base64decode(aws_launch_template.this.user_data), "apt-get")
    error_message = "squid is in the image"
  }
}

run "a_configuration_that_is_too_long_is_refused" {
  command = plan

  variables {
    squid_conf = join("\n", [for number in range(1000) : "# a domain with a reason ${number}"])
  }

  expect_failures = [aws_launch_template.this]
}

run "machines_are_replaced_new_ones_first" {
  command = plan

  assert {
    condition     = aws_autoscaling_group.this.instance_refresh[0].preferences[0].min_healthy_percentage == 100 && aws_autoscaling_group.this.max_size > var.machines
    error_message = "there is room for a new machine beside each old one"
  }
}

run "an_image_by_wildcard_is_refused" {
  command = plan

  variables {
    image = { owner = "099720109477", name = "ubuntu-*", architecture = "arm64" }
  }

  expect_failures = [var.image]
}

run "packages_over_plain_http_are_refused" {
  command = plan

  variables {
    package_sources = [{ url = "http://archive.ubuntu.com/ubuntu", suites = "noble", keyring = "/usr/share/keyrings/ubuntu-archive-keyring.gpg" }]
  }

  expect_failures = [var.package_sources]
}
