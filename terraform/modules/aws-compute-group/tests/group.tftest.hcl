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
    health        = { port = 8080 }
    load_balancer = { arn = "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:loadbalancer/app/public/1", security_group = "sg-1", port = 8080, protocol = "HTTP" }
  }

  assert {
    condition     = aws_lb_target_group.this[0].name == "example-prod-web-8080"
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
    load_balancer = {
      arn            = "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:loadbalancer/app/public/0a1b2c3d4e5f6071"
      security_group = "sg-1"
      port           = 8080
      protocol       = "HTTP"
      listener_port  = 443
      certificate    = "arn:aws:acm:ap-northeast-1:123456789012:certificate/x"
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
    condition     = aws_lb_listener.this[0].protocol == "HTTPS" && aws_lb_listener.this[0].ssl_policy == "ELBSecurityPolicy-TLS13-1-2-2021-06"
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
    load_balancer = {
      arn            = "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:loadbalancer/net/gateway/0a1b2c3d4e5f6071"
      security_group = "sg-1"
      port           = 8883
      protocol       = "TCP"
      listener_port  = 8883
    }
    health = { port = 8883, protocol = "tcp" }
  }

  assert {
    condition     = aws_lb_listener.this[0].protocol == "TCP" && aws_lb_target_group.this[0].health_check[0].protocol == "TCP"
    error_message = "the listener and the health check speak TCP"
  }
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
    load_balancer = {
      arn            = "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:loadbalancer/app/public/0a1b2c3d4e5f6071"
      security_group = "sg-1"
      port           = 8080
      protocol       = "GRPC"
    }
    health = { port = 8080 }
  }

  expect_failures = [var.load_balancer]
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
