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
      resource_label = "${split(":loadbalancer/", var.backends["main"].arn)[1]}/${aws_lb_target_group.this["main"].arn_suffix}"
    }
  }
}

# Messages for each machine, as the user guide of EC2 Auto Scaling computes them; a group without machines counts as one, so that it can grow.
resource "aws_autoscaling_policy" "queue" {
  count = var.scaling.queue == null ? 0 : 1

  name                   = "queue"
  autoscaling_group_name = aws_autoscaling_group.this.name
  policy_type            = "TargetTrackingScaling"

  target_tracking_configuration {
    target_value = var.scaling.queue.messages_per_machine

    customized_metric_specification {
      metrics {
        id          = "messages"
        label       = "Messages that wait"
        return_data = false

        metric_stat {
          stat = "Sum"

          metric {
            namespace   = "AWS/SQS"
            metric_name = "ApproximateNumberOfMessagesVisible"

            dimensions {
              name  = "QueueName"
              value = var.scaling.queue.name
            }
          }
        }
      }

      metrics {
        id          = "machines"
        label       = "Machines in service"
        return_data = false

        metric_stat {
          stat = "Average"

          metric {
            namespace   = "AWS/AutoScaling"
            metric_name = "GroupInServiceInstances"

            dimensions {
              name  = "AutoScalingGroupName"
              value = aws_autoscaling_group.this.name
            }
          }
        }
      }

      metrics {
        id          = "each"
        label       = "Messages for each machine"
        expression  = "messages / IF(machines > 0, machines, 1)"
        return_data = true
      }
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
