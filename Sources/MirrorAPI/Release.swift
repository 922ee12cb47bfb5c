/// The release that this code is.
package enum Release {
    package static let version = "0.1.0"
}
