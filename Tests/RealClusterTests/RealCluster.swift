import Testing

/// What must hold on every API server alike, the embedded one and a real kube-apiserver.
///
/// The tests share one server, and some of them kill it: they run one after the other.
@Suite(.serialized, .timeLimit(.minutes(5))) enum RealCluster {}
