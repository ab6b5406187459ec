using System.Collections.Immutable;
using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;

namespace Tidegate.Gateway.Security.Certificates;

/// <summary>Whom a certificate says that it is for: its subject, and its alternative names (RFC 5280, section 4.2.1.6).</summary>
/// <param name="Subject">The subject; null where there is none, or none that can be told apart for certain.</param>
/// <param name="Dns">The DNS names.</param>
/// <param name="Emails">The e-mail addresses.</param>
/// <param name="Uris">The URIs.</param>
internal sealed record CertificateNames(DistinguishedName? Subject, ImmutableArray<string> Dns, ImmutableArray<string> Emails, ImmutableArray<string> Uris)
{
    private const int Email = 1;
    private const int DnsName = 2;
    private const int Uri = 6;

    /// <summary>Reads them. Alternative names that are not written rightly are none.</summary>
    internal static CertificateNames Of(X509Certificate2 certificate)
    {
        var names = new List<(int Kind, string Name)>();
        X509Extension[] alternatives = [.. certificate.Extensions.Where(extension => extension.Oid?.Value == "2.5.29.17")];
        if (alternatives is [{ } only])
        {
            try
            {
                for (AsnReader list = new AsnReader(only.RawData, AsnEncodingRules.DER).ReadSequence(); list.HasData;)
                {
                    Asn1Tag tag = list.PeekTag();
                    if (tag is { TagClass: TagClass.ContextSpecific, TagValue: Email or DnsName or Uri })
                    {
                        names.Add((tag.TagValue, list.ReadCharacterString(UniversalTagNumber.IA5String, tag)));
                    }
                    else
                    {
                        list.ReadEncodedValue();
                    }
                }
            }
            catch (AsnContentException)
            {
                names.Clear();
            }
        }

        ImmutableArray<string> Of(int kind) => [.. names.Where(name => name.Kind == kind).Select(name => name.Name)];
        return new CertificateNames(DistinguishedName.From(certificate.SubjectName), Of(DnsName), Of(Email), Of(Uri));
    }
}
