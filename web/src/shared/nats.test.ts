import { describe, expect, it } from 'vitest'
import { NatsParser } from './nats'

function parse(chunks: Uint8Array[]): { lines: [string, string][]; messages: [string, string][] } {
  const lines: [string, string][] = []
  const messages: [string, string][] = []
  const parser = new NatsParser((verb, rest) => lines.push([verb, rest]), (m) => messages.push([m.subject, new TextDecoder().decode(m.data)]))
  chunks.forEach((chunk) => parser.feed(chunk))
  return { lines, messages }
}
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const payload = '{"t":"tick","text":"来了\\r\\n"}'
const stream = bytes(`INFO {"a":1}\r\nPING\r\nMSG room.1.tick 1 ${bytes(payload).length}\r\n${payload}\r\nMSG room.1.ctl 2 reply 0\r\n\r\n-ERR 'Permissions Violation'\r\n`)
const expected = {
  lines: [['INFO', '{"a":1}'], ['PING', ''], ['-ERR', "'Permissions Violation'"]],
  messages: [['room.1.tick', payload], ['room.1.ctl', '']],
}

describe('NatsParser', () => {
  it('reads lines and payloads of one chunk', () => {
    expect(parse([stream])).toEqual(expected)
  })

  it('reads the same stream cut at every possible byte', () => {
    for (let cut = 1; cut < stream.length; cut++) expect(parse([stream.slice(0, cut), stream.slice(cut)])).toEqual(expected)
    expect(parse(Array.from(stream, (byte) => Uint8Array.of(byte)))).toEqual(expected)
  })

  it('refuses a broken length and an endless line', () => {
    expect(() => parse([bytes('MSG a 1 -5\r\n')])).toThrow(/broken MSG/)
    expect(() => parse([bytes('x'.repeat(70_000))])).toThrow(/too long/)
  })
})
