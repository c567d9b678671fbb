import { ElMessage, ElMessageBox } from 'element-plus'
import { Problem } from '../api/http'
import { t } from '../words'


export function say(text: string): void {
  ElMessage({ message: text, type: 'success', grouping: true })
}

/** The server's words, with the fields that it named. */
export function faultText(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  const named = error instanceof Problem ? error.errors.map((field) => field.message) : []
  return [text, ...named.filter((message) => message !== text)].join(' · ')
}

/** Shows a fault for long enough to be read. */
export function tell(error: unknown): void {
  ElMessage({ message: faultText(error), type: 'error', duration: 6000, grouping: true })
}

export interface Question { title: string; body: string; yes: string; danger?: boolean }

/** True when confirmed. The cancelling button is the one in focus for dangerous questions. */
export async function confirmed(question: Question): Promise<boolean> {
  try {
    await ElMessageBox.confirm(question.body, question.title, {
      confirmButtonText: question.yes,
      cancelButtonText: t('common.cancel'),
      confirmButtonClass: question.danger ? 'el-button--danger' : '',
      closeOnClickModal: false,
    })
    return true
  } catch {
    return false
  }
}

/** Asks for a reason, which may be left out only where `optional`; null when cancelled. `charsMax` as on the server. */
export async function askReason(title: string, body: string, yes: string, { optional = false, charsMax = 300 } = {}): Promise<string | null> {
  try {
    const answer = await ElMessageBox.prompt(body, title, {
      confirmButtonText: yes,
      cancelButtonText: t('common.cancel'),
      inputType: 'textarea',
      inputPlaceholder: t(optional ? 'common.reason_optional' : 'common.reason_placeholder'),
      inputValidator: (value: string) => {
        const said = (value ?? '').trim()
        if (said === '') return optional || t('common.reason_needed')
        return said.length <= charsMax || t('common.reason_long', { max: charsMax })
      },
      closeOnClickModal: false,
    })
    return (answer.value ?? '').trim()
  } catch {
    return null
  }
}
