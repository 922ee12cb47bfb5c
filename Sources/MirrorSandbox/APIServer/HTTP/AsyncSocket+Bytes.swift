import FlyingSocks

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension AsyncSocket {
    func write(bytes: [UInt8]) async throws { try await write(Data(bytes)) }
}
