/**
 * The part of the NATS client protocol a viewer needs: connect over WebSocket with a bearer JWT, subscribe, receive.
 * Viewers never publish. Source: https://docs.nats.io/reference/reference-protocols/nats-protocol
 *
 * Written by hand because @nats-io/nats-core weighs 40 KB gzip (with key cryptography that a bearer token never uses)
 * and the room's whole first load is allowed 200.
 */

export interface NatsMessage {
  subject: string
  data: Uint8Array
}

export interface NatsOptions {
  url: string
  jwt: string
  subjects: readonly string[]
  onMessage: (message: NatsMessage) => void
  /** Called once, when the connection is gone for any reason; the words are for the log. */
  onClose: (reason: string) => void
}

export interface NatsConnection {
  close: () => void
}

const CONNECT_SECONDS_MAX = 10
/** The server pings every two minutes at the latest; we ask ourselves so that a dead mobile link is noticed sooner. */
const PING_SECONDS = 20
const LINE_BYTES_MAX = 64 * 1024
const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Cuts the byte stream into protocol lines and message payloads; frames of the WebSocket may split anywhere. */
export class NatsParser {
  private held = new Uint8Array(0)
  private pending: { subject: string; bytes: number } | null = null

  constructor(
    private readonly onLine: (verb: string, rest: string) => void,
    private readonly onMessage: (message: NatsMessage) => void,
  ) {}

  feed(chunk: Uint8Array): void {
    const all = new Uint8Array(this.held.length + chunk.length)
    all.set(this.held)
    all.set(chunk, this.held.length)
    let at = 0
    for (;;) {
      const next: number = this.pending ? this.payload(all, at) : this.line(all, at)
      if (next < 0) break
      at = next
    }
    this.held = all.slice(at)
    if (!this.pending && this.held.length > LINE_BYTES_MAX) throw new Error('protocol line too long')
  }

  private payload(all: Uint8Array, at: number): number {
    const { subject, bytes } = this.pending!
    if (all.length < at + bytes + 2) return -1
    this.pending = null
    this.onMessage({ subject, data: all.slice(at, at + bytes) })
    return at + bytes + 2
  }

  private line(all: Uint8Array, at: number): number {
    const end = all.indexOf(13, at)
    if (end < 0 || end + 1 >= all.length) return -1
    const text = decoder.decode(all.subarray(at, end))
    const space = text.search(/[ \t]/)
    const verb = (space < 0 ? text : text.slice(0, space)).toUpperCase()
    const rest = space < 0 ? '' : text.slice(space + 1).trim()
    if (verb === 'MSG') {
      const words = rest.split(/[ \t]+/)
      const bytes = Number(words[words.length - 1])
      if (!words[0] || !Number.isSafeInteger(bytes) || bytes < 0) throw new Error(`broken MSG line: ${rest.slice(0, 80)}`)
      this.pending = { subject: words[0], bytes }
    } else if (verb) {
      this.onLine(verb, rest)
    }
    return end + 2
  }
}

/** Resolves once the server has accepted the token and the subscriptions; rejects with the server's words. */
export function connectNats(options: NatsOptions): Promise<NatsConnection> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(options.url)
    socket.binaryType = 'arraybuffer'
    let accepted = false
    let ended = false
    let unanswered = 0
    const send = (text: string): void => { if (socket.readyState === WebSocket.OPEN) socket.send(encoder.encode(text)) }
    const tooLate = setTimeout(() => end('no answer'), CONNECT_SECONDS_MAX * 1000)
    const pings = setInterval(() => { if (++unanswered > 2) end('ping unanswered'); else send('PING\r\n') }, PING_SECONDS * 1000)

    function end(reason: string): void {
      if (ended) return
      ended = true
      clearTimeout(tooLate)
      clearInterval(pings)
      socket.close()
      if (accepted) options.onClose(reason)
      else reject(new Error(reason))
    }

    function onLine(verb: string, rest: string): void {
      if (verb === 'INFO' && !accepted) {
        const hello = { jwt: options.jwt, verbose: false, pedantic: false, headers: false, no_responders: false, protocol: 1, lang: 'kaibo-web', version: '1' }
        send(`CONNECT ${JSON.stringify(hello)}\r\n${options.subjects.map((s, i) => `SUB ${s} ${i + 1}\r\n`).join('')}PING\r\n`)
      } else if (verb === 'PING') {
        send('PONG\r\n')
      } else if (verb === 'PONG') {
        unanswered = 0
        if (!accepted) {
          accepted = true
          clearTimeout(tooLate)
          resolve({ close: () => { ended = true; clearInterval(pings); socket.close() } })
        }
      } else if (verb === '-ERR') {
        end(rest.replace(/^'|'$/g, ''))
      }
    }

    const parser = new NatsParser(onLine, options.onMessage)
    socket.onmessage = (event: MessageEvent<ArrayBuffer>) => {
      if (ended) return
      try {
        parser.feed(new Uint8Array(event.data))
      } catch (fault) {
        end(String(fault))
      }
    }
    socket.onclose = (event) => end(event.reason || `closed ${event.code}`)
    socket.onerror = () => end('socket error')
  })
}
