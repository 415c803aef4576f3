import Foundation

/// nginx in a single process, which serves the files of a folder.
struct NginxProgram: ServerProgram {
  let name = "nginx"
  let program = "nginx"
  let folder: URL
  let isEncrypted: Bool

  func arguments(port: UInt16, folder own: URL) throws -> [String] {
    var listen = "listen 127.0.0.1:\(port);"
    if isEncrypted {
      let (certificate, key) = try makeCertificate(in: own)
      // The cipher that chat-server prefers; nginx would take AES with 256 bits.
      listen = """
        listen 127.0.0.1:\(port) ssl;
            ssl_certificate "\(certificate)";
            ssl_certificate_key "\(key)";
            ssl_protocols TLSv1.3;
            ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;
        """
    }
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map {
      "  \($0)_temp_path \"\(own.path)/\($0)\";\n"
    }
    // One process: a worker would outlive a master that is killed.
    let text = """
      daemon off;
      master_process off;
      pid "\(own.path)/nginx.pid";
      error_log stderr;
      events {}
      http {
        access_log off;
        sendfile on;
        tcp_nopush on;
      \(temporary.joined())
        server {
          \(listen)
          root "\(folder.path)";
        }
      }
      """
    let file = own.appendingPathComponent("nginx.conf")
    try text.write(to: file, atomically: true, encoding: .utf8)
    return ["-p", own.path, "-c", file.path, "-e", "stderr"]
  }
}
