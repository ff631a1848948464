import { describe, expect, it } from 'vitest';
import { writeClientManifest } from '../../../src/manifest/smooth/client-manifest.js';
import { SMOOTH } from './example.js';

describe('the client manifest', () => {
  it('says all that clients are told in place of a header (MS-SSTR 2.2.2)', () => {
    expect(writeClientManifest(SMOOTH)).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<SmoothStreamingMedia MajorVersion="2" MinorVersion="0" TimeScale="10000000" Duration="40000000">
  <Protection>
    <ProtectionHeader SystemID="9a04f079-9840-4286-ab92-e65be0885f95">AQID</ProtectionHeader>
  </Protection>
  <StreamIndex Type="video" Name="video" Chunks="2" QualityLevels="2" MaxWidth="540" MaxHeight="360" DisplayWidth="640" DisplayHeight="360" Url="QualityLevels({bitrate})/Fragments(video={start time})">
    <QualityLevel Index="0" Bitrate="700000" FourCC="H264" CodecPrivateData="0000000167" MaxWidth="540" MaxHeight="360"/>
    <QualityLevel Index="1" Bitrate="200000" FourCC="H264" CodecPrivateData="0000000167" MaxWidth="320" MaxHeight="180"/>
    <c t="0" d="20000000"/>
    <c d="20000000"/>
  </StreamIndex>
  <StreamIndex Type="audio" Name="audio_de" Language="de" Chunks="2" QualityLevels="1" Url="QualityLevels({bitrate})/Fragments(audio_de={start time})">
    <QualityLevel Index="0" Bitrate="75000" FourCC="AACL" CodecPrivateData="1190" SamplingRate="48000" Channels="2" BitsPerSample="16" PacketSize="4" AudioTag="255"/>
    <c t="586667" d="20053333"/>
    <c d="19000000"/>
  </StreamIndex>
</SmoothStreamingMedia>
`);
  });
});
