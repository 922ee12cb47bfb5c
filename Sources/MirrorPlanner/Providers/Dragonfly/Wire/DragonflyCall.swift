package import KubeCore

/// The methods that we call, and those that the simulated daemons serve beside them.
///
/// Sources: dragonflyoss/api `pkg/apis/{scheduler,dfdaemon,manager}/v2/*.proto`, grpc `doc/health-checking.md`.
package enum DragonflyCall {
    /// Without a body, as every release takes it: the request was `google.protobuf.Empty` up to api 2.1.65.
    package static let listHosts = GRPCMethod<ProtobufEmpty, DragonflyHostList>("/scheduler.v2.Scheduler/ListHosts")
    /// NOT_FOUND where the scheduler does not know the host: it is gone then.
    package static let deleteHost = GRPCMethod<DragonflyHostID, ProtobufEmpty>("/scheduler.v2.Scheduler/DeleteHost")
    /// Only the simulated daemons call it: a scheduler believes whoever does.
    package static let announceHost = GRPCMethod<DragonflyAnnouncement, ProtobufEmpty>(
        "/scheduler.v2.Scheduler/AnnounceHost"
    )
    /// What a scheduler knows of a task.
    package static let schedulerStatTask = GRPCMethod<DragonflySchedulerTaskQuery, DragonflyTask>(
        "/scheduler.v2.Scheduler/StatTask"
    )
    /// What the daemon's scheduler knows of a task, asked through the daemon: INTERNAL with the scheduler's error in
    /// its message (dragonflyoss/client `dragonfly-client/src/grpc/dfdaemon_upload.rs`).
    package static let daemonStatTask = GRPCMethod<DragonflyTaskQuery, DragonflyTask>(
        "/dfdaemon.v2.DfdaemonUpload/StatTask"
    )
    /// What the daemon itself has of a task; client 1.2.0 and later. NOT_FOUND proves that its store can be read.
    package static let statLocalTask = GRPCMethod<DragonflyTaskQuery, DragonflyLocalTask>(
        "/dfdaemon.v2.DfdaemonUpload/StatLocalTask"
    )
    package static let health = GRPCMethod<GRPCHealthQuery, GRPCHealthAnswer>("/grpc.health.v1.Health/Check")
    /// What the manager tells clients; it needs no account.
    package static let listSchedulers = GRPCMethod<DragonflySchedulersQuery, DragonflySchedulerList>(
        "/manager.v2.Manager/ListSchedulers"
    )

    /// The service of a daemon that is SERVING only when its upload, download and proxy servers all are, and NOT_FOUND
    /// before; client 0.2.0 and later (`dfdaemon_upload.rs`).
    package static let daemonService = "dfdaemon.v2.DfdaemonUpload"
}
