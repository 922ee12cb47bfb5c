/// The most bytes that the definitions take of a sentence in a status. Such a sentence is made printable where it is
/// set: it may repeat what stands in an annotation, in a file, or in an answer.
package enum MessageLimit {
    /// Of a seed, an eviction, a fault.
    package static let short = 1_024
    /// Of a node's agent, and of the change that comes next.
    package static let long = 4_096
}
