/**
 * A point in time: RFC 3339 (`2026-12-31T23:59:59Z`, or a date alone for its first moment in UTC), or an ISO 8601 duration
 * (`P30D`, `PT0S`) that counts from the moment a license is issued.
 */
export type Moment = string;

/** Output protection levels that a license asks of its player (PlayReady Compliance Rules). */
export type OutputProtectionLevels = Readonly<{
  compressedDigitalAudio?: 100 | 150 | 200 | 250 | 300;
  uncompressedDigitalAudio?: 100 | 150 | 200 | 250 | 300;
  compressedDigitalVideo?: 400 | 500;
  uncompressedDigitalVideo?: 100 | 250 | 270 | 300;
  analogVideo?: 100 | 150 | 200;
}>;

/** One explicit output protection. */
export type ExplicitOutputProtection = Readonly<{
  output: 'digitalVideo' | 'digitalAudio' | 'analogVideo';
  /** UUID text. */
  id: string;
  /** base64. */
  data?: string;
}>;

/** The times that a license is valid. Whenever an expiration is set, a begin date is set, too. */
export type LicenseTimes = Readonly<{
  persist?: boolean;
  beginDate?: Moment;
  expiration?: Moment;
}>;

/**
 * What the license server is to allow. prpack does not enforce it: it checks the words and keeps them with the key. Absent words are left
 * to the license server.
 */
export type Policy = LicenseTimes &
  Readonly<{
    minSecurityLevel?: 150 | 2000 | 3000;
    /** Seconds. */
    expireAfterFirstPlay?: number;
    /** Expirations end a playback that is under way. */
    realTimeExpiration?: boolean;
    /** When clients may delete the license. */
    removalDate?: Moment;
    outputProtectionLevels?: OutputProtectionLevels;
    explicitOutputProtections?: readonly ExplicitOutputProtection[];
    /** UUIDs. */
    playEnablers?: readonly string[];
    sourceId?: number;
    /** `dsId` is base64 of 16 bytes, as in the PlayReady header; `accountId` a UUID. */
    domain?: Readonly<{ dsId: string; accountId?: string }>;
    /** UUID. */
    meteringId?: string;
    secureStop?: boolean;
    secureDelete?: boolean;
    /** The key is the root of chained licenses. */
    isRoot?: boolean;
    /** The key is a leaf under the root with this KID. */
    rootKid?: string;
    /** The key is a leaf; these are the times of its root. */
    rootLicense?: LicenseTimes;
  }>;

/** Policies that have a name, after the scenarios of Microsoft's documentation. */
export const BUILT_IN_POLICIES: Readonly<Record<string, Policy>> = {
  /** Bought: plays for ever, also offline; issued again on every device. */
  purchase: { minSecurityLevel: 2000, persist: true },
  /** Rented: thirty days to begin, forty-eight hours to finish. */
  rental: {
    minSecurityLevel: 2000,
    persist: true,
    beginDate: 'PT0S',
    expiration: 'P30D',
    expireAfterFirstPlay: 48 * 3600,
  },
  /** Plays as long as the root license of the subscription does; secure stop counts what plays at once. */
  subscription: {
    minSecurityLevel: 2000,
    persist: true,
    secureStop: true,
    rootLicense: { persist: true, beginDate: 'PT0S', expiration: 'P31D' },
  },
  /** Rotating keys under a root license of a day, none of them kept. */
  live: {
    minSecurityLevel: 2000,
    persist: false,
    rootLicense: { persist: false, beginDate: 'PT0S', expiration: 'P1D' },
  },
};
