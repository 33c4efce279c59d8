export function Brand({ size = 24 }: { size?: number }) {
  return (
    <svg viewBox="0 0 24 24" width={size} height={size} fill="none" aria-hidden="true">
      <rect width="24" height="24" rx="7" fill="var(--pb-text)" />
      <path d="M8 15.5c6.6-.3 1.4-6.7 8-7" stroke="var(--pb-canvas)" strokeWidth="2" strokeLinecap="round" />
      <circle cx="7.3" cy="15.5" r="2.6" fill="var(--pb-canvas)" />
      <circle cx="16.7" cy="8.5" r="2.6" fill="var(--pb-canvas)" />
    </svg>
  );
}
