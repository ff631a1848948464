/** Namespace of WRMHEADER and its children (PlayReady Header Specification, 3.3.3 "Format"). */
export const PLAYREADY_HEADER_NS = 'http://schemas.microsoft.com/DRM/2007/03/PlayReadyHeader';
