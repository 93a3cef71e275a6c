variable "recording" {
  description = "The log group and the bucket that sessions are recorded in, and the alias, without alias/, of the key that encrypts them and the bucket; null for machines on which only image builds open sessions, which are not recorded."
  type        = object({ log_group = string, bucket = string, key_alias = string })
  default     = null
}
