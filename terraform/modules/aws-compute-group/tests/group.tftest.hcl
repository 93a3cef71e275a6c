mock_provider "aws" {}

variables {
  name         = "example-prod-web"
  description  = "Web front end"
  egress_cidrs = ["10.16.0.0/16"]
  machine_type = "m7g.large"
  size         = { min = 2, desired = 3, max = 6 }
  disk         = { size_gib = 20 }
  tags         = { team = "platform", Name = "not this" }

  network = {
    vpc_id            = "vpc-1"
    subnet_ids        = ["subnet-1", "subnet-2"]
    s3_prefix_list_id = "pl-1"
  }

  bootstrap_image = {
    owner        = "099720109477"
    name         = "ubuntu-noble"
    architecture = "arm64"
  }

  session_log_group = "/example/sessions"
  session_bucket    = "example-sessions-123456789012-ap-northeast-1"
  session_key_alias = "example-sessions"
}

run "a_new_group_is_left_alone" {
  command = plan

  variables {
    hold_replacements = true
    proxy             = { url = "http://proxy.example.internal:3128", exceptions = ["localhost", "10.16.0.0/16"] }
  }

  assert {
    condition     = aws_autoscaling_group.this.suspended_processes == toset(["ReplaceUnhealthy"])
    error_message = "on a vendor's image, unhealthy machines stay"
  }

  assert {
    condition     = strcontains(yamldecode(base64decode(aws_launch_template.this.user_data)).write_files[0].content, "HTTPS_PROXY=http://proxy.example.internal:3128\nhttps_proxy=") && startswith(base64decode(aws_launch_template.this.user_data), "#cloud-config\n")
    error_message = "cloud-init writes the proxy's address"
  }
}

run "a_target_group_is_named_after_its_port_where_that_fits" {
  command = plan

  variables {
    health   = { port = 8080 }
    backends = { main = { arn = "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:loadbalancer/app/public/1", security_group = "sg-1", port = 8080, protocol = "HTTP" } }
  }

  assert {
    condition     = aws_lb_target_group.this["main"].name == "example-prod-web-8080"
    error_message = "a new port needs another name"
  }
}

run "a_group_without_load_balancer" {
  command = plan

  assert {
    condition     = aws_launch_template.this.metadata_options[0].http_tokens == "required"
    error_message = "the metadata service must want a token"
  }

  assert {
    condition     = aws_launch_template.this.block_device_mappings[0].ebs[0].encrypted == "true" && aws_launch_template.this.block_device_mappings[0].ebs[0].volume_type == "gp3"
    error_message = "the disk must be an encrypted gp3 volume"
  }

  assert {
    condition     = alltrue([for interface in aws_launch_template.this.network_interfaces : interface.associate_public_ip_address == "false"]) && length(aws_launch_template.this.network_interfaces) == 1
    error_message = "a machine has no public address, whatever its subnet says"
  }

  assert {
    condition     = toset(aws_launch_template.this.tag_specifications[*].resource_type) == toset(["instance", "network-interface", "volume"])
    error_message = "machines, disks and network interfaces are tagged"
  }

  assert {
    condition     = aws_launch_template.this.tag_specifications[0].tags == tomap({ team = "platform", Name = "example-prod-web" })
    error_message = "the tags are the user's, with the group's own name"
  }

  assert {
    condition     = aws_autoscaling_group.this.health_check_type == "EC2" && length(aws_lb_target_group.this) == 0 && length(aws_autoscaling_group.this.traffic_source) == 0
    error_message = "without a load balancer there is no target group"
  }

  assert {
    condition     = aws_autoscaling_group.this.mixed_instances_policy[0].launch_template[0].override[*].instance_type == tolist(["m7g.large"]) && aws_autoscaling_group.this.mixed_instances_policy[0].instances_distribution[0].on_demand_percentage_above_base_capacity == 100
    error_message = "one machine type on demand is just that"
  }

  assert {
    condition     = length(aws_autoscaling_group.this.instance_refresh) == 0
    error_message = "an instance_refresh block would cancel the rollout's own"
  }

  assert {
    condition     = length(aws_iam_role_policy_attachment.this) == 0 && !strcontains(aws_iam_role_policy.machine.policy, "GetParameter") && strcontains(aws_iam_role_policy.machine.policy, "log-group:/example/sessions:*")
    error_message = "a machine can be reached by sessions, and may do nothing else"
  }

  assert {
    condition     = length(aws_vpc_security_group_ingress_rule.port) == 0 && length(aws_vpc_security_group_ingress_rule.load_balancer) == 0
    error_message = "nothing is open that was not asked for"
  }
}

run "behind_a_load_balancer" {
  command = plan

  variables {
    backends = {
      main = {
        arn            = "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:loadbalancer/app/public/0a1b2c3d4e5f6071"
        security_group = "sg-1"
        port           = 8080
        protocol       = "HTTP"
        listener_port  = 443
        certificate    = "arn:aws:acm:ap-northeast-1:123456789012:certificate/x"
      }
    }
    health  = { port = 8081, path = "/healthz" }
    scaling = { cpu_percent = 60, requests_per_machine = 1000 }
    ports   = [{ port = 9100, protocol = "tcp", cidrs = ["10.16.0.0/16", "10.32.0.0/16"] }]
  }

  assert {
    condition     = aws_autoscaling_group.this.health_check_type == "ELB"
    error_message = "the load balancer decides whether a machine is healthy"
  }

  assert {
    condition     = toset(keys(aws_vpc_security_group_ingress_rule.load_balancer)) == toset(["8080", "8081"])
    error_message = "the load balancer reaches the port of requests and the port of health"
  }

  assert {
    condition     = length(aws_vpc_security_group_ingress_rule.port) == 2
    error_message = "a port has a rule for each network that it is open to"
  }

  assert {
    condition     = aws_lb_listener.this["main"].protocol == "HTTPS" && aws_lb_listener.this["main"].ssl_policy == "ELBSecurityPolicy-TLS13-1-2-2021-06"
    error_message = "a listener with a certificate speaks HTTPS, TLS 1.2 or later"
  }

  assert {
    condition     = length(aws_autoscaling_policy.cpu) == 1 && length(aws_autoscaling_policy.requests) == 1
    error_message = "each target has a policy"
  }
}

run "tcp_behind_a_network_load_balancer" {
  command = plan

  variables {
    backends = {
      main = {
        arn            = "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:loadbalancer/net/gateway/0a1b2c3d4e5f6071"
        security_group = "sg-1"
        port           = 8883
        protocol       = "TCP"
        listener_port  = 8883
      }
    }
    health = { port = 8883, protocol = "tcp" }
  }

  assert {
    condition     = aws_lb_listener.this["main"].protocol == "TCP" && aws_lb_target_group.this["main"].health_check[0].protocol == "TCP"
    error_message = "the listener and the health check speak TCP"
  }
}

run "several_backends_of_any_protocol" {
  command = plan

  variables {
    backends = {
      main   = { arn = "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:loadbalancer/net/public/1", security_group = "sg-1", port = 8443, protocol = "TLS", listener_port = 443, certificate = "arn:aws:acm:ap-northeast-1:123456789012:certificate/x" }
      dns    = { arn = "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:loadbalancer/net/internal/2", security_group = "sg-2", port = 53, protocol = "TCP_UDP", listener_port = 53 }
      syslog = { arn = "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:loadbalancer/net/internal/2", security_group = "sg-2", port = 514, protocol = "UDP" }
    }
    health = { port = 8443, protocol = "tcp" }
  }

  assert {
    condition     = { for key, listener in aws_lb_listener.this : key => listener.protocol } == { main = "TLS", dns = "TCP_UDP" }
    error_message = "a backend has a listener if it names a port for it"
  }

  assert {
    condition     = { for key, group in aws_lb_target_group.this : key => group.name } == { main = "example-prod-web-8443", dns = "example-prod-web-dns-53", syslog = "example-prod-web-syslog-514" }
    error_message = "target groups have names of their own"
  }

  assert {
    condition     = toset(keys(aws_vpc_security_group_ingress_rule.load_balancer)) == toset(["8443", "sg-2-tcp-53", "sg-2-udp-53", "sg-2-udp-514", "sg-2-tcp-8443"])
    error_message = "each load balancer reaches its ports and the one of health, and no rule is there twice"
  }

}

run "disks_and_zones" {
  command = plan

  variables {
    zones          = ["ap-northeast-1a"]
    disk           = { size_gib = 100, type = "io2", iops = 50000 }
    data_disks     = { data = { size_gib = 500, mount = "/srv/data", owner = "web" }, logs = { size_gib = 50, mount = "/srv/logs" } }
    instance_store = { mount = "/srv/cache", filesystem = "xfs" }
  }

  override_data {
    target = data.aws_subnets.zones[0]
    values = { ids = ["subnet-2"] }
  }

  assert {
    condition     = aws_launch_template.this.block_device_mappings[0].ebs[0].volume_type == "io2" && aws_launch_template.this.block_device_mappings[1].device_name == "/dev/sdf" && aws_launch_template.this.block_device_mappings[2].device_name == "/dev/sdg"
    error_message = "the boot disk has its type, and data disks follow"
  }

  assert {
    condition     = alltrue([for mapping in aws_launch_template.this.block_device_mappings : mapping.ebs[0].encrypted == "true" && mapping.ebs[0].delete_on_termination == "true"])
    error_message = "every disk is encrypted, and ends with its machine"
  }

  assert {
    condition     = one(yamldecode(base64decode(aws_launch_template.this.user_data)).write_files).content == "sdf ext4 web /srv/data\nsdg ext4 root /srv/logs\ninstance-store xfs root /srv/cache\n"
    error_message = "the machine knows where disks are mounted"
  }

  assert {
    condition     = aws_autoscaling_group.this.vpc_zone_identifier == toset(["subnet-2"])
    error_message = "machines run in the group's zones only"
  }
}

run "configuration_and_secrets" {
  command = plan

  variables {
    config = { environment = { LOG_LEVEL = "debug" }, secrets = { PASSWORD = { name = "example/prod/db", key = "password" }, USER = { name = "example/prod/db", key = "user" } } }
  }

  override_data {
    target = data.aws_region.this
    values = { region = "ap-northeast-1" }
  }

  override_data {
    target = data.aws_caller_identity.this
    values = { account_id = "123456789012" }
  }

  assert {
    condition     = length([for statement in jsondecode(aws_iam_role_policy.machine.policy).Statement : statement if try(statement.Sid, "") == "FetchSecrets" && jsonencode(statement.Resource) == jsonencode(["arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:example/prod/db-??????"])]) == 1
    error_message = "a machine reads its own secrets, and no others"
  }

  assert {
    condition     = !strcontains(base64decode(aws_launch_template.this.user_data), "SECRET_VALUE") && strcontains(base64decode(aws_launch_template.this.user_data), "example/prod/db")
    error_message = "user-data has the names of secrets"
  }
}

run "egress_sources_and_ranges" {
  command = plan

  variables {
    egress = [{ to = "databases", port = 5432, protocol = "tcp", cidrs = ["10.200.8.0/24", "10.201.8.0/24"] }, { to = "media", port = 9000, to_port = 9100, protocol = "udp", cidrs = ["10.202.0.0/16"] }]
    ports  = [{ port = 7000, to_port = 7100, protocol = "tcp", cidrs = ["10.16.0.0/16"], security_groups = ["sg-9"] }]
  }

  assert {
    condition     = { for key, rule in aws_vpc_security_group_egress_rule.destination : key => [rule.cidr_ipv4, rule.from_port, rule.to_port] } == { "5432-5432-tcp-10.200.8.0/24" = ["10.200.8.0/24", 5432, 5432], "5432-5432-tcp-10.201.8.0/24" = ["10.201.8.0/24", 5432, 5432], "9000-9100-udp-10.202.0.0/16" = ["10.202.0.0/16", 9000, 9100] }
    error_message = "machines reach these ports of their destinations"
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.port["7000-tcp-sg-9"].referenced_security_group_id == "sg-9" && aws_vpc_security_group_ingress_rule.port["7000-tcp-sg-9"].to_port == 7100 && aws_vpc_security_group_ingress_rule.port["7000-tcp-10.16.0.0/16"].cidr_ipv4 == "10.16.0.0/16"
    error_message = "a range is open to addresses and to machines of another group"
  }
}

run "a_queue_decides_the_size" {
  command = plan

  variables {
    scaling = { queue = { name = "jobs", messages_per_machine = 100 } }
  }

  assert {
    condition     = aws_autoscaling_policy.queue[0].target_tracking_configuration[0].target_value == 100 && one([for metric in aws_autoscaling_policy.queue[0].target_tracking_configuration[0].customized_metric_specification[0].metrics : metric.expression if metric.return_data]) == "messages / IF(machines > 0, machines, 1)"
    error_message = "the target is a number of messages for each machine"
  }
}

run "figures_that_no_disk_has_are_refused" {
  command = plan

  variables {
    disk       = { size_gib = 20, iops = 16000 }
    data_disks = { data = { size_gib = 20, type = "st1", mount = "/srv" } }
    egress     = [{ to = "all", port = 1, protocol = "tcp", cidrs = ["0.0.0.0/0"] }]
  }

  expect_failures = [var.disk, var.data_disks, var.egress]
}

run "spot_and_schedules" {
  command = plan

  variables {
    other_machine_types = ["m6g.large"]
    spot                = { on_demand_base = 1 }
    scaling             = { schedules = { night = { cron = "0 1 * * *", machines = 4 } } }
    lifecycle_hooks     = { drain = { transition = "terminating", default = "continue" } }
  }

  assert {
    condition     = aws_autoscaling_group.this.mixed_instances_policy[0].launch_template[0].override[*].instance_type == tolist(["m7g.large", "m6g.large"])
    error_message = "the first type is the most wanted one"
  }

  assert {
    condition     = aws_autoscaling_schedule.this["night"].min_size == -1 && aws_autoscaling_schedule.this["night"].max_size == -1
    error_message = "a schedule must leave the bounds of the group alone"
  }

  assert {
    condition     = aws_autoscaling_lifecycle_hook.this["drain"].lifecycle_transition == "autoscaling:EC2_INSTANCE_TERMINATING" && aws_autoscaling_lifecycle_hook.this["drain"].default_result == "CONTINUE"
    error_message = "a hook is told in AWS's words"
  }
}

run "other_types_without_spot_are_on_demand" {
  command = plan

  variables {
    other_machine_types = ["m6g.large"]
  }

  assert {
    condition     = aws_autoscaling_group.this.mixed_instances_policy[0].instances_distribution[0].on_demand_percentage_above_base_capacity == 100
    error_message = "Spot only where it was asked for"
  }
}

run "a_size_out_of_order_is_refused" {
  command = plan

  variables {
    size = { min = 4, desired = 3, max = 6 }
  }

  expect_failures = [var.size]
}

run "an_image_by_wildcard_is_refused" {
  command = plan

  variables {
    bootstrap_image = { owner = "099720109477", name = "ubuntu-*", architecture = "arm64" }
  }

  expect_failures = [var.bootstrap_image]
}

run "the_internet_is_refused" {
  command = plan

  variables {
    egress_cidrs = ["0.0.0.0/0"]
  }

  expect_failures = [var.egress_cidrs]
}

run "a_group_that_could_never_be_replaced_is_refused" {
  command = plan

  variables {
    maintenance = { min_healthy_percentage = 100, max_healthy_percentage = 100 }
  }

  expect_failures = [var.maintenance]
}

run "a_load_balancer_without_health_is_refused" {
  command = plan

  variables {
    name = "example-prod-a-name-that-is-too-long"
    backends = {
      main = {
        arn            = "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:loadbalancer/app/public/0a1b2c3d4e5f6071"
        security_group = "sg-1"
        port           = 8080
        protocol       = "GRPC"
      }
    }
    health = { port = 8080 }
  }

  expect_failures = [var.backends]
}

run "a_key_by_alias_is_looked_up" {
  command = plan

  variables {
    disk = { size_gib = 20, kms_key = "alias/disks" }
  }

  override_data {
    target = data.aws_kms_alias.disk[0]
    values = { target_key_arn = "arn:aws:kms:ap-northeast-1:123456789012:key/1" }
  }

  assert {
    condition     = aws_launch_template.this.block_device_mappings[0].ebs[0].kms_key_id == "arn:aws:kms:ap-northeast-1:123456789012:key/1"
    error_message = "a launch template takes the ARN of a key"
  }
}

run "a_disk_that_is_too_fast_for_its_size_is_refused" {
  command = plan

  variables {
    disk = { size_gib = 20, iops = 16000 }
  }

  expect_failures = [var.disk]
}

run "the_rollout_owns_the_images_parameter" {
  command = plan

  variables {
    image_parameter = "/example/prod/web/image"
    identity        = { path = "/example/prod/", boundary = "arn:aws:iam::123456789012:policy/example-machines" }
  }

  assert {
    condition     = aws_ssm_parameter.image[0].data_type == "aws:ec2:image" && aws_ssm_parameter.image[0].type == "String"
    error_message = "AWS checks that the image exists"
  }

  assert {
    condition     = aws_iam_role.this.path == "/example/prod/" && aws_iam_instance_profile.this.path == "/example/prod/" && aws_iam_role.this.permissions_boundary == "arn:aws:iam::123456789012:policy/example-machines"
    error_message = "the job that applies can create no other roles"
  }
}
