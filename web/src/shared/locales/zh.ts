export default {
  'price.from': '{price} 起',
  'price.from_mark': '起',
  'state.error': '加载失败',
  'state.retry': '重试',
  'state.request_id': '请求编号 {id}',
  'offline.notice': '网络已断开，正在等待恢复',
  'problem.offline': '网络连接失败，请检查网络后重试',
  'problem.unexpected': '服务暂时出错，请稍后重试',
  'problem.too_long': '等待服务器回应超时，请重试',
  'locale.switch': '切换语言',
} as const satisfies Record<string, string>
