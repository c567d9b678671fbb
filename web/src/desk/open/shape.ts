/** JSON Schema as a person reads it: `{ id: uuid, items: [{ … }] }`, a line a member. */

export interface Schema {
  $ref?: string
  type?: string | string[]
  format?: string
  enum?: unknown[]
  const?: unknown
  items?: Schema
  properties?: Record<string, Schema>
  required?: string[]
  anyOf?: Schema[]
  oneOf?: Schema[]
  additionalProperties?: boolean | Schema
  description?: string
  minimum?: number
  maximum?: number
  maxLength?: number
}
export type Named = Record<string, Schema>

const DEEP = 4

export function named(schema: Schema | undefined, known: Named): Schema {
  const name = schema?.$ref?.split('/').at(-1)
  return (name ? known[name] : schema) ?? {}
}

/** `inside` are the references on the way here, so that a shape that contains itself ends. */
export function shape(schema: Schema | undefined, known: Named, depth = 0, inside: string[] = []): string {
  if (!schema) return 'any'
  if (schema.$ref) {
    if (inside.includes(schema.$ref) || depth > DEEP) return schema.$ref.split('/').at(-1) ?? 'any'
    return shape(named(schema, known), known, depth, [...inside, schema.$ref])
  }
  const either = schema.anyOf ?? schema.oneOf
  if (either) return [...new Set(either.map((one) => shape(one, known, depth, inside)))].join(' | ')
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum) return schema.enum.map((one) => JSON.stringify(one)).join(' | ')
  if (schema.type === 'array') return `[${shape(schema.items, known, depth, inside)}]`
  if (schema.properties) {
    const pad = '  '.repeat(depth + 1)
    const lines = Object.entries(schema.properties).map(([name, member]) => {
      const mark = schema.required?.includes(name) ? '' : '?'
      return `${pad}${name}${mark}: ${shape(member, known, depth + 1, inside)}`
    })
    return lines.length === 0 ? '{}' : `{\n${lines.join('\n')}\n${'  '.repeat(depth)}}`
  }
  const plain = Array.isArray(schema.type) ? schema.type.join(' | ') : (schema.type ?? 'any')
  return schema.format ?? plain
}
