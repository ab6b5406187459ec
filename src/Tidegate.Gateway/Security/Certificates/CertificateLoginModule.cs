using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Security.Certificates;

/// <summary>
/// The login module <c>keystore</c>: whoever has shown a certificate by TLS that the truststore vouches for (<c>ssl.verify-client</c>) is whom
/// the certificate names.
/// </summary>
/// <param name="rules">Which certificates are whose; empty where each is its subject's.</param>
/// <param name="time">Tells how late it is.</param>
internal sealed class CertificateLoginModule(ImmutableArray<CertificateRule> rules, TimeProvider time) : ILoginModule
{
    /// <summary>Its type, as files name it.</summary>
    internal const string Type = "keystore";

    private const string Element = "certificate";

    private static readonly ImmutableArray<(string Name, CertificatePart Part)> s_parts =
        [("subject", CertificatePart.Subject), ("dns", CertificatePart.Dns), ("email", CertificatePart.Email), ("uri", CertificatePart.Uri)];

    /// <exception cref="ConfigurationException">An option is wrong.</exception>
    internal static CertificateLoginModule Make(LoginModuleConfiguration module, RealmConfiguration realm, TimeProvider time)
    {
        ConfigurationException Fault(string problem, string cure) => new([new(realm.Position, problem, cure)]);
        if (module.Options.FirstOrDefault(option => option.Name != Element) is { } other)
        {
            throw Fault(
                $"The login module {Type} has no option <{other.Name}>: it reads the certificates that clients show by TLS, and no file.",
                $"Say whom you know with <{Element}> elements that hold <subject>, <dns>, <email> or <uri>; <truststore> in <security> says who vouches for them.");
        }

        return new CertificateLoginModule([.. module.Options.Select(option => ReadRule(option, Fault))], time);
    }

    public ValueTask<LoginResult> LoginAsync(LoginAttempt attempt, CancellationToken cancellation) => ValueTask.FromResult(Find(attempt.Credentials.Certificate));

    private LoginResult Find(X509Certificate2? certificate)
    {
        if (certificate is null)
        {
            return LoginResult.Failure("no certificate came");
        }

        // TLS has checked it when the connection, or the session that it resumed, began.
        if (certificate.NotAfter.ToUniversalTime() < time.GetUtcNow().UtcDateTime)
        {
            return LoginResult.Failure("the certificate has expired since it was shown");
        }

        var names = CertificateNames.Of(certificate);
        if (rules.IsEmpty)
        {
            return names.Subject is { } subject ? LoginResult.Success(subject.ToString(), []) : LoginResult.Failure("the certificate has no subject that can be told");
        }

        CertificateRule? rule = rules.FirstOrDefault(rule => rule.Fits(names));
        return rule is null
            ? LoginResult.Failure($"no <{Element}> is that of {names.Subject?.ToString() ?? "a certificate without a subject"}")
            : LoginResult.Success(rule.Name ?? rule.Value, rule.Roles);
    }

    private static CertificateRule ReadRule(PropertyElement element, Func<string, string, ConfigurationException> fault)
    {
        const string Cure = "Write one of <subject>, <dns>, <email> and <uri>, then <name> if it is to be another, and a <role> for each.";
        PropertyElement[] parts = [.. element.Children.Where(child => s_parts.Any(part => part.Name == child.Name))];
        PropertyElement[] names = [.. element.Children.Where(child => child.Name == "name")];
        PropertyElement[] roles = [.. element.Children.Where(child => child.Name == "role")];
        if (parts is not [{ } said] || names.Length > 1 || parts.Length + names.Length + roles.Length < element.Children.Length
            || element.Children.Any(child => child.Text.Length == 0 || !child.Children.IsEmpty))
        {
            throw fault($"A <{Element}> of a login module {Type} does not say whose it is, or holds something else.", Cure);
        }

        CertificatePart part = s_parts.First(one => one.Name == said.Name).Part;
        string value = said.Text;
        if (part == CertificatePart.Subject)
        {
            try
            {
                value = DistinguishedName.Parse(value).ToString();
            }
            catch (FormatException exception)
            {
                throw fault($"<subject>{said.Text}</subject>: {exception.Message}.", "Write it as this prints it: openssl x509 -noout -subject -nameopt RFC2253 -in FILE");
            }
        }

        return new CertificateRule(part, value, names is [{ } name] ? name.Text : null, [.. roles.Select(role => role.Text)]);
    }
}
