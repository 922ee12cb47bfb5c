import Dispatch
public import KubeCore
import Synchronization

/// Files that may hang: one on a network whose server is gone, a pipe that nobody writes to.
///
/// Each is read on a thread of its own, and waited for only so long: who asks may be on a thread that a Lease or a
/// rollback needs. While a read goes on, the same path is refused at once, so that a file that hangs costs one thread
/// and one wait.
public final class PatientFiles: ConfigurationFiles {
    /// Where one file's content arrives; who waits for it may have gone.
    private final class Arrival: Sendable {
        let content = Mutex<Result<[UInt8]?, KubeError>?>(nil)
        let isThere = DispatchSemaphore(value: 0)
    }

    private let files: any ConfigurationFiles
    private let patience: Duration
    private let underWay = Mutex<Set<String>>([])

    /// Creates the reader.
    ///
    /// - Parameters:
    ///   - files: what reads.
    ///   - patience: how long one file may take.
    public init(_ files: any ConfigurationFiles = SystemFiles(), patience: Duration) {
        self.files = files
        self.patience = patience
    }

    /// The content of a file, nil where there is none.
    ///
    /// - Throws: `KubeError` with code `configuration` where it can't be read, or not in time.
    public func contents(of path: String) throws(KubeError) -> [UInt8]? {
        guard underWay.withLock({ $0.insert(path).inserted }) else {
            throw KubeError(.configuration, "\(path) can't be read: an earlier read of it has not ended")
        }
        let arrival = Arrival()
        do throws(KubeError) {
            try DetachedThread.start("file") { [self] in
                let result: Result<[UInt8]?, KubeError>
                do throws(KubeError) {
                    result = .success(try files.contents(of: path))
                } catch {
                    result = .failure(error)
                }
                arrival.content.withLock { $0 = result }
                _ = underWay.withLock { $0.remove(path) }
                arrival.isThere.signal()
            }
        } catch {
            _ = underWay.withLock { $0.remove(path) }
            throw error
        }
        let milliseconds = Int(patience / .milliseconds(1))
        guard arrival.isThere.wait(timeout: .now() + .milliseconds(milliseconds)) == .success,
            let result = arrival.content.withLock({ $0 })
        else {
            throw KubeError(
                .configuration,
                "\(path) can't be read: there was no end of it within \(patience); a pipe needs somebody who writes to "
                    + "it, and a file on a network its server"
            )
        }
        return try result.get()
    }
}
