import { escapeXml } from '../../bytes/xml.js';

const PROTOCOLS = 'http://schemas.microsoft.com/DRM/2007/03/protocols';

/** Value of the SOAPAction header, which quotes belong to (SOAP 1.1, 6.1.1). */
export const SOAP_ACTION = `"${PROTOCOLS}/AcquirePackagingData"`;

export const PLAYREADY_SYSTEM_ID = '9a04f079-9840-4286-ab92-e65be0885f95';

/** The SOAP 1.1 message that asks for the key and the PlayReady Object of a program, for all of its duration. */
export function packagingDataRequest(programIdentifier: string): string {
  return (
    '<?xml version="1.0" encoding="utf-8"?>' +
    '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" ' +
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soap:Body>' +
    `<AcquirePackagingData xmlns="${PROTOCOLS}"><challenge xmlns="${PROTOCOLS}/AcquirePackagingData/v1.0">` +
    `<ProtectionSystems><ProtectionSystemId>${PLAYREADY_SYSTEM_ID.toUpperCase()}</ProtectionSystemId></ProtectionSystems>` +
    '<StreamProtectionRequests><StreamInformation>' +
    `<ProgramIdentifier>${escapeXml(programIdentifier)}</ProgramIdentifier>` +
    '<OffsetFromProgramStart>PT0S</OffsetFromProgramStart><RequestInterval>PT0S</RequestInterval>' +
    '<BlackoutInformation xsi:nil="true"/>' +
    '</StreamInformation></StreamProtectionRequests></challenge></AcquirePackagingData></soap:Body></soap:Envelope>'
  );
}
