import { init, type EChartsType } from 'echarts/core'
import type { ECBasicOption } from 'echarts/types/dist/shared'
import { onBeforeUnmount, onMounted, useTemplateRef, watch } from 'vue'
import { locale } from '../words'

/** Draws a chart into the element with `ref="box"`: again when what `options` reads has changed, and as large as the element is. */
export function useChart(options: () => ECBasicOption): void {
  const box = useTemplateRef<HTMLElement>('box')
  let chart: EChartsType | null = null
  let watcher: ResizeObserver | null = null
  onMounted(() => {
    if (!box.value) return
    chart = init(box.value)
    watcher = new ResizeObserver(() => chart?.resize())
    watcher.observe(box.value)
    chart.setOption(options())
  })
  watch([options, locale], ([made]) => chart?.setOption(made))
  onBeforeUnmount(() => {
    watcher?.disconnect()
    chart?.dispose()
  })
}
