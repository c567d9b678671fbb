/** Attributes that Element Plus hands down to the real element; its types do not name them and the templates are checked strictly. */
declare module 'vue' {
  interface ComponentCustomProps {
    'aria-label'?: string
    'aria-labelledby'?: string
    'aria-invalid'?: boolean
    'aria-pressed'?: boolean
    onSubmit?: (event: Event) => void
  }
}

export {}
