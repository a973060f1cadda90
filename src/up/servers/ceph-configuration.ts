/** Small and quick: one copy of everything, few groups, no passwords between its own processes, all on loopback. */
export function cephConfiguration({
  folder,
  fsid,
  port,
  monPort,
  store = "bluestore",
}: {
  readonly folder: string;
  readonly fsid: string;
  readonly port: number;
  readonly monPort: number;
  /** memstore: quick, and gone with its process. bluestore: on disk. */
  readonly store?: "bluestore" | "memstore";
}): string {
  return `[global]
fsid = ${fsid}
mon_host = v1:127.0.0.1:${monPort}
ms_bind_msgr2 = false
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
run_dir = ${folder}/run
# The name of a socket's file must be short, and a folder's may be long.
admin_socket =
pid_file = ${folder}/run/$name.pid
log_file =
log_to_stderr = true
err_to_stderr = true
crash_dir = ${folder}/run
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 4
osd_pool_default_pgp_num = 4
osd_pool_default_pg_autoscale_mode = off
rgw_rados_pool_autoscale_bias = 1
rgw_rados_pool_pg_num_min = 4
mon_allow_pool_size_one = true
mon_warn_on_pool_no_redundancy = false
osd_crush_chooseleaf_type = 0
mon_max_pg_per_osd = 2000
# A killed gateway is forgotten soon: its successor waits for it.
osd_client_watch_timeout = 2
osd_default_notify_timeout = 2
[mon]
mon_data = ${folder}/mon
mon_initial_members = a
# Each new pool waits for this.
paxos_propose_interval = 0.05
paxos_min_wait = 0.02
mon_tick_interval = 1
mon_data_avail_crit = 1
mon_data_avail_warn = 2
mon_osd_full_ratio = 0.97
mon_osd_nearfull_ratio = 0.95
mon_osd_backfillfull_ratio = 0.96
[osd]
osd_data = ${folder}/osd
osd_objectstore = ${store}
memstore_device_bytes = 2G
osd_class_update_on_start = false
osd_crush_update_on_start = false
bluestore_block_size = 8G
bluestore_fsck_on_mount = false
osd_memory_target = 939524096
osd_op_num_shards = 1
osd_op_num_threads_per_shard = 2
osd_mclock_force_run_benchmark_on_init = false
[client.rgw]
rgw_frontends = beast endpoint=127.0.0.1:${port}
rgw_data = ${folder}/rgw
rgw_thread_pool_size = 64
rgw_enable_usage_log = false
rgw_enable_ops_log = false
rgw_dynamic_resharding = false
rgw_run_sync_thread = false
`;
}
