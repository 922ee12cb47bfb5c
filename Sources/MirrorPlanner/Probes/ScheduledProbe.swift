package import KubeCore

/// A probe that is made again and again. What its results amount to is not counted here.
package struct ScheduledProbe: Hashable, Sendable {
    /// Whose probe it is: of one mirror's peer on one node, by the name that the mirror gives it.
    package struct Key: Hashable, Sendable {
        package var mirror: String
        package var node: String
        package var name: String

        package init(mirror: String, node: String, name: String) {
            self.mirror = mirror
            self.node = node
            self.name = name
        }
    }

    package var key: Key
    package var request: ProbeRequest
    /// From one start to the next.
    package var period: Duration

    package init(key: Key, request: ProbeRequest, period: Duration) {
        self.key = key
        self.request = request
        self.period = period
    }
}
