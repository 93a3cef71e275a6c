resource "aws_autoscaling_policy" "cpu" {
  count = var.scaling.cpu_percent == null ? 0 : 1

  name                   = "cpu"
  autoscaling_group_name = aws_autoscaling_group.this.name
  policy_type            = "TargetTrackingScaling"

  target_tracking_configuration {
    target_value = var.scaling.cpu_percent

    predefined_metric_specification {
      predefined_metric_type = "ASGAverageCPUUtilization"
    }
  }
}

resource "aws_autoscaling_policy" "requests" {
  count = var.scaling.requests_per_machine == null ? 0 : 1

  name                   = "requests"
  autoscaling_group_name = aws_autoscaling_group.this.name
  policy_type            = "TargetTrackingScaling"

  # AWS can count requests only once the load balancer routes to the target group.
  depends_on = [aws_lb_listener.this]

  target_tracking_configuration {
    target_value = var.scaling.requests_per_machine

    predefined_metric_specification {
      predefined_metric_type = "ALBRequestCountPerTarget"
      # app/NAME/ID/targetgroup/NAME/ID
      resource_label = "${split(":loadbalancer/", var.load_balancer.arn)[1]}/${aws_lb_target_group.this[0].arn_suffix}"
    }
  }
}

resource "aws_autoscaling_schedule" "this" {
  for_each = var.scaling.schedules

  scheduled_action_name  = each.key
  autoscaling_group_name = aws_autoscaling_group.this.name
  recurrence             = each.value.cron
  time_zone              = each.value.time_zone
  desired_capacity       = each.value.machines

  # -1 leaves these as they are. If left out, they would become 0.
  min_size = -1
  max_size = -1
}
