# The image that a new group starts with. After that, the rollout owns the image.
data "aws_ami" "bootstrap" {
  owners      = [var.bootstrap_image.owner]
  most_recent = true
  # A vendor may deprecate an image while groups still refer to it.
  include_deprecated = true

  filter {
    name   = "name"
    values = [var.bootstrap_image.name]
  }

  filter {
    name   = "architecture"
    values = [var.bootstrap_image.architecture]
  }
}

# Launch templates need a key's ARN, but fleet.yaml may name its alias.
data "aws_kms_alias" "disk" {
  count = local.has_alias ? 1 : 0

  name = var.disk.kms_key
}

locals {
  # The user's tags cannot override the group's own.
  tags = merge(var.tags, { Name = var.name })

  has_alias = var.disk.kms_key == null ? false : startswith(var.disk.kms_key, "alias/")
  disk_key  = local.has_alias ? data.aws_kms_alias.disk[0].target_key_arn : var.disk.kms_key
}

locals {
  # AWS attaches disks under these names. The machine finds the one that it calls otherwise by asking the disk itself.
  devices = { for index, name in keys(var.data_disks) : name => "sd${substr("fghijklmnop", index, 1)}" }
}

module "user_data" {
  source = "../machine-user-data"

  cloud  = "aws"
  place  = data.aws_region.this.region
  proxy  = var.proxy
  config = var.config
  disks = concat(
    [for name, disk in var.data_disks : { device = local.devices[name], filesystem = disk.filesystem, owner = disk.owner, mount = disk.mount }],
    var.instance_store == null ? [] : [merge(var.instance_store, { device = "instance-store" })],
  )
}

data "aws_region" "this" {}

resource "aws_launch_template" "this" {
  # checkov:skip=CKV_AWS_341: Containers need two hops to reach the metadata service. The default is one, and tokens are required.
  name                   = var.name
  description            = var.description
  image_id               = data.aws_ami.bootstrap.id
  instance_type          = var.machine_type
  update_default_version = false
  user_data              = module.user_data.user_data == null ? null : base64encode(module.user_data.user_data)
  tags                   = local.tags

  iam_instance_profile {
    arn = aws_iam_instance_profile.this.arn
  }

  # Set here, so that the subnet's settings do not matter.
  network_interfaces {
    device_index                = 0
    associate_public_ip_address = "false"
    delete_on_termination       = "true"
    security_groups             = [aws_security_group.this.id]
  }

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = var.metadata_hops
    instance_metadata_tags      = "enabled"
  }

  block_device_mappings {
    # The vendor image's root device, which every image built from it shares.
    device_name = data.aws_ami.bootstrap.root_device_name

    ebs {
      encrypted             = true
      kms_key_id            = local.disk_key
      volume_type           = var.disk.type
      volume_size           = var.disk.size_gib
      iops                  = var.disk.iops
      throughput            = var.disk.throughput
      delete_on_termination = true
    }
  }

  dynamic "block_device_mappings" {
    for_each = var.data_disks

    content {
      device_name = "/dev/${local.devices[block_device_mappings.key]}"

      ebs {
        encrypted             = true
        kms_key_id            = local.disk_key
        volume_type           = block_device_mappings.value.type
        volume_size           = block_device_mappings.value.size_gib
        iops                  = block_device_mappings.value.iops
        throughput            = block_device_mappings.value.throughput
        delete_on_termination = true
      }
    }
  }

  monitoring {
    enabled = var.detailed_monitoring
  }

  dynamic "tag_specifications" {
    for_each = toset(["instance", "network-interface", "volume"])

    content {
      resource_type = tag_specifications.value
      tags          = local.tags
    }
  }

  lifecycle {
    precondition {
      condition     = length(coalesce(module.user_data.user_data, "-")) <= 16384
      error_message = "AWS takes at most 16384 bytes of user data: shorten `config`."
    }

    # The rollout adds versions with a new image and a description. Terraform reads the latest version, and would
    # otherwise revert both.
    ignore_changes = [description, image_id]
  }
}

# What the group should run, for people and programs that do not read launch templates. The rollout writes it, after success only.
resource "aws_ssm_parameter" "image" {
  # checkov:skip=CKV2_AWS_34: An image's id is no secret, and AWS checks that the image exists only for type String.
  # checkov:skip=CKV_AWS_337: As above.
  count = var.image_parameter == null ? 0 : 1

  name           = var.image_parameter
  description    = "The image that ${var.name} runs, once a rollout has succeeded"
  type           = "String"
  data_type      = "aws:ec2:image"
  insecure_value = data.aws_ami.bootstrap.id
  tags           = local.tags

  lifecycle {
    ignore_changes = [insecure_value]
  }
}

# The subnets of the group's zones, if it is not in all of them.
data "aws_subnets" "zones" {
  count = var.zones == null ? 0 : 1

  filter {
    name   = "subnet-id"
    values = var.network.subnet_ids
  }

  filter {
    name   = "availability-zone"
    values = var.zones
  }

  lifecycle {
    postcondition {
      condition     = length(self.ids) >= length(var.zones)
      error_message = "The network has no subnet for machines in one of the zones ${join(", ", var.zones)}."
    }
  }
}

resource "aws_autoscaling_group" "this" {
  name                      = var.name
  min_size                  = var.size.min
  max_size                  = var.size.max
  desired_capacity          = var.size.desired
  vpc_zone_identifier       = var.zones == null ? var.network.subnet_ids : sort(data.aws_subnets.zones[0].ids)
  default_instance_warmup   = var.warmup_seconds
  max_instance_lifetime     = var.max_lifetime_seconds
  capacity_rebalance        = var.spot != null
  health_check_type         = length(var.backends) == 0 ? "EC2" : "ELB"
  health_check_grace_period = var.health == null ? 300 : var.health.grace_seconds

  # On a vendor's image, no machine ever becomes healthy, and AWS would replace them all without end.
  suspended_processes = var.hold_replacements ? ["ReplaceUnhealthy"] : []

  # A machine on the bootstrap image may never become healthy, and a failed wait would taint the group.
  wait_for_capacity_timeout = "0"

  enabled_metrics = [
    "GroupDesiredCapacity",
    "GroupInServiceInstances",
    "GroupMaxSize",
    "GroupMinSize",
    "GroupPendingInstances",
    "GroupStandbyInstances",
    "GroupTerminatingInstances",
    "GroupTotalInstances",
  ]

  instance_maintenance_policy {
    min_healthy_percentage = var.maintenance.min_healthy_percentage
    max_healthy_percentage = var.maintenance.max_healthy_percentage
  }

  # Used even for a single On-Demand type: Terraform cannot remove this block from a group that once had it.
  mixed_instances_policy {
    instances_distribution {
      on_demand_allocation_strategy            = "prioritized"
      on_demand_base_capacity                  = var.spot == null ? 0 : var.spot.on_demand_base
      on_demand_percentage_above_base_capacity = var.spot == null ? 100 : var.spot.on_demand_percentage
      spot_allocation_strategy                 = var.spot == null ? "price-capacity-optimized" : var.spot.allocation
    }

    launch_template {
      launch_template_specification {
        launch_template_id = aws_launch_template.this.id
        version            = tostring(aws_launch_template.this.latest_version)
      }

      # Also for a single type: only an override can name another template version for some machines.
      dynamic "override" {
        for_each = concat([var.machine_type], var.other_machine_types)

        content {
          instance_type = override.value
        }
      }
    }
  }

  dynamic "traffic_source" {
    for_each = aws_lb_target_group.this

    content {
      identifier = traffic_source.value.arn
      type       = "elbv2"
    }
  }

  dynamic "tag" {
    for_each = local.tags

    content {
      key   = tag.key
      value = tag.value
      # The launch template also tags disks and network interfaces.
      propagate_at_launch = false
    }
  }

  lifecycle {
    # Changing the name would destroy the group before creating its replacement. Removing the group from the
    # configuration still destroys it.
    prevent_destroy = true

    # The rollout owns the group's template version, and autoscaling owns its size. There is no instance_refresh
    # block: it would cancel the rollout's own.
    ignore_changes = [
      desired_capacity,
      mixed_instances_policy[0].launch_template[0].launch_template_specification[0].version,
    ]
  }
}

# The group exists before its hooks, so its first machine may launch without them.
resource "aws_autoscaling_lifecycle_hook" "this" {
  for_each = var.lifecycle_hooks

  name                   = each.key
  autoscaling_group_name = aws_autoscaling_group.this.name
  lifecycle_transition   = each.value.transition == "launching" ? "autoscaling:EC2_INSTANCE_LAUNCHING" : "autoscaling:EC2_INSTANCE_TERMINATING"
  heartbeat_timeout      = each.value.timeout_seconds
  default_result         = upper(each.value.default)
}
