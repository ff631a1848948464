import { escapeXml } from '../../bytes/xml.js';
import { type CryptoPeriod, secondsAsDuration } from '../crypto-period.js';

const PROTOCOLS = 'http://schemas.microsoft.com/DRM/2007/03/protocols';

/** Value of the SOAPAction header, which quotes belong to (SOAP 1.1, 6.1.1). */
export const SOAP_ACTION = `"${PROTOCOLS}/AcquirePackagingData"`;

export const PLAYREADY_SYSTEM_ID = '9a04f079-9840-4286-ab92-e65be0885f95';

/** The SOAP 1.1 message that asks for the key and the PlayReady Object of a program: for all of its duration, or for a crypto period. */
export function packagingDataRequest(programIdentifier: string, period?: CryptoPeriod): string {
  const offset = secondsAsDuration(period?.startSeconds ?? 0);
  const interval = secondsAsDuration(period?.durationSeconds ?? 0);
  return (
    '<?xml version="1.0" encoding="utf-8"?>' +
    '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" ' +
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soap:Body>' +
    `<AcquirePackagingData xmlns="${PROTOCOLS}"><challenge xmlns="${PROTOCOLS}/AcquirePackagingData/v1.0">` +
    `<ProtectionSystems><ProtectionSystemId>${PLAYREADY_SYSTEM_ID.toUpperCase()}</ProtectionSystemId></ProtectionSystems>` +
    '<StreamProtectionRequests><StreamInformation>' +
    `<ProgramIdentifier>${escapeXml(programIdentifier)}</ProgramIdentifier>` +
    `<OffsetFromProgramStart>${offset}</OffsetFromProgramStart><RequestInterval>${interval}</RequestInterval>` +
    '<BlackoutInformation xsi:nil="true"/>' +
    '</StreamInformation></StreamProtectionRequests></challenge></AcquirePackagingData></soap:Body></soap:Envelope>'
  );
}
