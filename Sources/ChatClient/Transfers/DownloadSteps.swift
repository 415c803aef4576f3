internal import ChatClientModel
internal import ChatCore
internal import ChatSystem

/// What is done for a download, step by step, and what the worker has found out.
extension Downloads {
  /// Hashes what is here of a file already.
  func prepare(_ download: Download) throws {
    let file = download.part.file
    var length = try file.status().sizeBytes
    if length > download.offer.size {
      try file.truncate(to: download.offer.size)
      length = download.offer.size
    }
    download.status = try file.status()
    guard length > 0 else {
      download.hash = try RunningHash()
      return perform(download.state.begin(length: 0), download)
    }
    worker.run { [mailbox, number = download.number, flag = download.cancelFlag, length] in
      do throws(HashFailure) {
        let hash: RunningHash
        do { hash = try RunningHash() } catch { throw HashFailure(error) }
        try hash.update(file, 0..<length, until: flag)
        mailbox.post(.hashed(number, .success(HashedPart(length: length, hash: hash))))
      } catch {
        mailbox.post(.hashed(number, .failure(error)))
      }
    }
  }

  /// What is here of a file is hashed.
  func hashed(_ number: Int, _ result: Result<HashedPart, HashFailure>) {
    guard let download = running.first(where: { $0.number == number }) else { return }
    switch result {
    case .success(let part):
      download.hash = part.hash
      download.rate = TransferRate(bytes: part.length, at: MonotonicTime.now.moment)
      perform(download.state.begin(length: part.length), download)
    case .failure(let failure):
      fail(download, "cannot read what is here of it: \(failure.reason)")
    }
  }

  /// A file is compared with its blocks' sums.
  func compared(
    _ number: Int, _ result: Result<HashedPart, HashFailure>
  ) {
    guard let download = running.first(where: { $0.number == number }) else { return }
    do {
      var good = try result.get()
      // No block is bad, and yet the file is: nothing of it can be trusted.
      if good.length == download.state.length {
        good = try HashedPart(length: 0, hash: RunningHash())
      }
      let isOurs = try download.part.file.status() == download.status
      try download.part.file.truncate(to: good.length)
      if isOurs { download.status = try download.part.file.status() }
      download.hash = good.hash
      download.rate = TransferRate(bytes: good.length, at: MonotonicTime.now.moment)
      let step = download.state.compared(length: good.length)
      if case .get = step {
        outlet.tell(.remark("\(download.name) came damaged; the rest is fetched again"))
      }
      perform(step, download)
    } catch {
      fail(download, "cannot compare what is here of it: \(HashFailure(error).reason)")
    }
  }

  // MARK: Steps

  func perform(_ id: String, _ event: (inout DownloadState) -> DownloadState.Step) {
    guard !outlet.awaitsCancel(id),
      let download = running.first(where: { $0.offer.id == id })
    else { return }
    target = nil
    perform(event(&download.state), download)
  }

  func perform(_ step: DownloadState.Step, _ download: Download) {
    let id = download.offer.id
    switch step {
    case .nothing: break
    case .get(let offset):
      outlet.outgoing.request(TaggedLine("GET", id, [.init("offset", "\(offset)")]))
    case .check: check(download)
    case .askSums: outlet.outgoing.request(TaggedLine("SUMS", id, [.init("from", "0")]))
    case .compare: compare(download)
    case .fail(.damaged):
      if download.state.phase == .receiving { outlet.cancel(id) }
      fail(download, "what came is not what was sent, three times; /get \(id) tries again")
    case .fail(.lost):
      fail(download, "the connection was lost three times; /get \(id) goes on")
    }
  }

  /// All is here: is it what was sent?
  private func check(_ download: Download) {
    do {
      guard let hash = download.hash else { return try prepareAgain(download) }
      download.hash = nil
      guard try folder.get().holds(download.part) else { throw HashFailure.moved }
      // What was hashed is what came; the file gets its name only if it still is that.
      guard try download.part.file.status() == download.status else {
        return try prepareAgain(download)
      }
      guard try hash.finish() == download.digest else {
        return perform(download.state.mismatch(), download)
      }
      let folder = try folder.get()
      let name = try folder.save(download.part, as: download.name)
      outlet.outgoing.reply(TaggedLine("GOT", download.offer.id))
      let path = folder.path(of: name)
      outlet.tell(
        .saved(id: download.offer.id, name: name, path: path.bytes, size: download.offer.size))
      end(download)
    } catch {
      fail(download, "cannot save it: \(HashFailure(error).reason)")
    }
  }

  private func prepareAgain(_ download: Download) throws {
    download.readings += 1
    guard download.readings <= DownloadState.attempts else { throw HashFailure.changed }
    download.state.prepareAgain()
    try prepare(download)
  }

  private func compare(_ download: Download) {
    let (file, length, sums) = (
      download.part.file, download.state.length, download.state.sums
    )
    worker.run { [mailbox, number = download.number, flag = download.cancelFlag] in
      do throws(HashFailure) {
        let result = try RunningHash.compare(file, size: length, with: sums, until: flag)
        mailbox.post(.compared(number, .success(result)))
      } catch {
        mailbox.post(.compared(number, .failure(error)))
      }
    }
  }
}
