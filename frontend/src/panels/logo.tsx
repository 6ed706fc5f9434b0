export function Logo({ size = 20 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" fill="none" aria-hidden="true" className="flex-none">
      <path d="M19.6 7.2A9 9 0 1 0 21 12" stroke="#45c4c6" strokeWidth="2.2" strokeLinecap="round" />
      <path d="M21.8 3.6v4.2h-4.2" stroke="#45c4c6" strokeWidth="2.2" strokeLinecap="round" strokeLinejoin="round" />
      <path
        d="M8.2 12.6c0-2.6 1.7-4.3 4-4.3s3.9 1.5 3.9 3.6-1.4 3.9-3.7 3.9-4.2-1-4.2-3.2Z"
        fill="#b497ff"
        fillOpacity=".35"
        stroke="#b497ff"
        strokeWidth="1.4"
      />
    </svg>
  )
}
