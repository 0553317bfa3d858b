# A service provider made of ruby-saml (Debian: ruby-saml), and a reader of messages that others have signed. It is told and ends as
# the peers in Python (`peer.py`); ruby-saml speaks no SOAP, and takes logout messages by redirect alone.

require 'cgi'
require 'json'
require 'net/http'
require 'onelogin/ruby-saml'
require 'securerandom'
require 'webrick'

include OneLogin::RubySaml

told = JSON.parse($stdin.gets)
server = WEBrick::HTTPServer.new(
  BindAddress: '127.0.0.1', Port: 0, AccessLog: [], Logger: WEBrick::Log.new(File::NULL)
)
$base = "http://127.0.0.1:#{server.listeners[0].addr[1]}"
$sessions = {}
$seen = []
$awaited = nil
Logging.logger = Logger.new(File::NULL)

# What ruby-saml knows of the provider, by its metadata as it is now, and of us.
define_method(:settings_for) do |binding = 'redirect'|
  uris = [Utils::BINDINGS[binding.to_sym]]
  metadata = Net::HTTP.get(URI(told['url']))
  settings = IdpMetadataParser.new.parse(metadata, sso_binding: uris, slo_binding: uris)
  settings.sp_entity_id = "#{$base}/metadata"
  settings.assertion_consumer_service_url = "#{$base}/acs"
  settings.single_logout_service_url = "#{$base}/slo"
  settings.name_identifier_format = 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent'
  settings.compress_request = binding == 'redirect'
  settings.certificate = told['certificate']
  settings.private_key = told['key']
  settings.security = settings.security.merge(
    authn_requests_signed: true, logout_requests_signed: true, logout_responses_signed: true,
    want_assertions_signed: true, want_assertions_encrypted: true,
    digest_method: XMLSecurity::Document::SHA256, signature_method: XMLSecurity::Document::RSA_SHA256
  )
  settings
end

def json(response, value, status = 200)
  response.status = status
  response['content-type'] = 'application/json'
  response.body = JSON.generate(value)
end

def lead_to(response, url, fields)
  inputs = fields.map { |name, value| %(<input type="hidden" name="#{name}" value="#{CGI.escapeHTML(value)}">) }.join
  response['content-type'] = 'text/html; charset=utf-8'
  response.body = %(<!doctype html><form method="post" action="#{CGI.escapeHTML(url)}">#{inputs}<button>Continue</button></form>)
end

def redirect_to(response, url)
  response.status = 302
  response['location'] = url
end

def session_of(request)
  found = request.cookies.find { |cookie| cookie.name == 'peer' }
  found && $sessions[found.value]
end

# The options with which ruby-saml looks at a query's signature.
def query_options(request)
  raw = request.query_string.split('&').to_h { |pair| pair.split('=', 2) }
  { get_params: raw.transform_values { |value| CGI.unescape(value) }, raw_get_params: raw }
end

def refuse_unless(message, is_valid)
  raise ValidationError, message.errors.join('; ') unless is_valid
end

login = lambda do |request, response|
  binding = request.query['binding'] || 'redirect'
  settings = settings_for(binding)
  asked = Authrequest.new
  $awaited = asked.request_id
  if binding == 'redirect'
    redirect_to(response, asked.create(settings, RelayState: 'peer-state'))
  else
    lead_to(response, settings.idp_sso_service_url, asked.create_params(settings, RelayState: 'peer-state'))
  end
end

consume = lambda do |request, response|
  settings = settings_for
  message = Response.new(request.query['SAMLResponse'], settings: settings, matches_request_id: $awaited)
  refuse_unless(message, message.is_valid?)
  id = SecureRandom.hex
  $sessions[id] = {
    'name' => message.name_id, 'format' => message.name_id_format, 'index' => message.sessionindex,
    'qualifiers' => [message.name_id_namequalifier, message.name_id_spnamequalifier],
    'attributes' => message.attributes.to_h, 'RelayState' => request.query['RelayState']
  }
  response['set-cookie'] = "peer=#{id}; Path=/"
  json(response, $sessions[id])
end

logout = lambda do |request, response|
  binding = request.query['binding'] || 'redirect'
  settings = settings_for(binding)
  session = session_of(request)
  settings.name_identifier_value = session['name']
  settings.idp_name_qualifier, settings.sp_name_qualifier = session['qualifiers']
  settings.sessionindex = session['index']
  asked = Logoutrequest.new
  $awaited = asked.request_id
  if binding == 'redirect'
    redirect_to(response, asked.create(settings, RelayState: 'peer-state'))
  else
    lead_to(response, settings.idp_slo_service_url, asked.create_params(settings, RelayState: 'peer-state'))
  end
end

end_logout = lambda do |request, response|
  options = query_options(request).merge(matches_request_id: $awaited)
  raise ValidationError, 'no Signature' unless options[:get_params].key?('Signature')

  message = Logoutresponse.new(request.query['SAMLResponse'], settings_for, options)
  refuse_unless(message, message.validate)
  $seen << { message: 'LogoutResponse', status: message.status_code }
  $sessions.delete_if { |_, session| session.equal?(session_of(request)) }
  json(response, $seen.last)
end

take_logout = lambda do |request, response|
  options = query_options(request).merge(settings: settings_for)
  raise ValidationError, 'no Signature' unless options[:get_params].key?('Signature')

  message = SloLogoutrequest.new(request.query['SAMLRequest'], options)
  refuse_unless(message, message.is_valid?)
  $seen << { message: 'LogoutRequest', name: message.name_id, indexes: message.session_indexes }
  $sessions.delete_if do |_, session|
    session['name'] == message.name_id && message.session_indexes.include?(session['index'])
  end
  answer = SloLogoutresponse.new
  redirect_to(response, answer.create(settings_for, message.id, nil, { RelayState: request.query['RelayState'] }.compact))
end

# Reads a logout message of somebody whose certificate and entity ID are said, in a query or as base64.
read = lambda do |request, response|
  wanted = JSON.parse(request.body)
  settings = settings_for
  settings.idp_cert = wanted['certificate']
  settings.idp_cert_multi = nil
  settings.idp_entity_id = wanted['issuer']
  kind = wanted['kind']
  if wanted['query']
    raw = wanted['query'].split('&').to_h { |pair| pair.split('=', 2) }
    options = { get_params: raw.transform_values { |value| CGI.unescape(value) }, raw_get_params: raw }
    raise ValidationError, 'no Signature' unless raw.key?('Signature')

    text = options[:get_params][kind]
  else
    options = {}
    text = wanted['message']
    # Of a form ruby-saml reads no signature by itself.
    signed = XMLSecurity::SignedDocument.new(Base64.decode64(text))
    is_signed = signed.validate_document_with_cert(settings.get_idp_cert, true)
    raise ValidationError, "Invalid Signature #{signed.errors.join('; ')}" unless is_signed
  end
  if kind == 'SAMLRequest'
    message = SloLogoutrequest.new(text, options.merge(settings: settings))
    refuse_unless(message, message.is_valid?)
    json(response, { name: message.name_id, format: message.name_id_format, indexes: message.session_indexes })
  else
    message = Logoutresponse.new(text, settings, options.merge(matches_request_id: wanted['inResponseTo']))
    refuse_unless(message, message.validate)
    json(response, { status: message.status_code, inResponseTo: message.in_response_to })
  end
end

metadata = lambda do |_, response|
  response['content-type'] = 'application/samlmetadata+xml'
  response.body = Metadata.new.generate(settings_for, false)
end

state = lambda do |_, response|
  json(response, { seen: $seen, people: $sessions.values.map { |session| session['name'] } })
end

single_logout = lambda do |request, response|
  (request.query.key?('SAMLResponse') ? end_logout : take_logout).call(request, response)
end

routes = {
  '/metadata' => metadata, '/login' => login, '/acs' => consume, '/logout' => logout, '/slo' => single_logout,
  '/read' => read, '/state' => state
}
routes.each do |path, work|
  server.mount_proc(path) do |request, response|
    work.call(request, response)
  rescue StandardError => e
    warn(e.full_message) if ENV['PEER_TRACE']
    json(response, { refused: e.class.name, because: e.message }, 403)
  end
end

puts server.listeners[0].addr[1]
$stdout.flush
Thread.new do
  $stdin.read
  server.shutdown
end
server.start
